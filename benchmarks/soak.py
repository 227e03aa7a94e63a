"""What grows in a soak: memory of each component, of both Redis, of the harness and of Locust, early in the run and late.

    python benchmarks/soak.py [--system FILE] [--rate 36] [--minutes 10]

One run of `locust --shape soak` whose users submit, and half of them follow. Compared is the median of the third tenth of its time with that of
the ninth. Components and Redis are in the run's history; of harness and Locust, which hold what the run will be judged by, the resident
size is sampled here, and told for each 1,000 tasks that came between.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
from stormproof.history import Effect, History, ProcessSample, Sample

HERE = Path(__file__).parent
EVERY_S = 2.0
EARLY, LATE = 0.3, 0.9
"""Where the minutes that are compared end, as shares of the run: of ten minutes the third and the ninth."""

Series = dict[str, list[tuple[float, float]]]
"""Of each name: moments, in seconds since the load began, and bytes."""


def run(system: Path, rate: int, seconds: int, folder: Path) -> tuple[Series, float]:
    """Let it soak; gives the memory of harness and Locust, and the monotonic time at which the load began."""
    command = [sys.executable, "-m", "locust", "-f", str(HERE.parent / "loadtests" / "locustfile.py"), "--headless"]
    command += ["--only-summary", "--system", str(system), "--shape", "soak", "-u", str(rate), "-t", f"{seconds}s"]
    with (folder / "said").open("w") as said:
        soak = subprocess.Popen([*command, "SubmitUser", "FollowUser"], stdout=subprocess.DEVNULL, stderr=said)
    found: Series = {"harness": [], "Locust": []}
    began = 0.0
    while soak.poll() is None:
        time.sleep(EVERY_S)
        began = began or ("Shape test starting" in (folder / "said").read_text()) * time.monotonic()
        if began:
            for name, process in watched(soak.pid):
                try:
                    found[name].append((time.monotonic() - began, float(process.memory_info().rss)))
                except psutil.NoSuchProcess:
                    continue
    return found, began


def watched(pid: int) -> Iterable[tuple[str, psutil.Process]]:
    """Locust, and its child, which is the harness; the harness' own children are in its history."""
    try:
        locust = psutil.Process(pid)
        return [("Locust", locust), *(("harness", child) for child in locust.children())]
    except psutil.NoSuchProcess:
        return []


def recorded(history: History, begins: float) -> Series:
    """Memory of components and of Redis."""
    found: Series = {}
    for _, process in history.of(ProcessSample):
        found.setdefault(process.component, []).append((process.t - begins, float(process.rss_bytes)))
    for _, store in history.of(Sample):
        if store.up:
            found.setdefault(f"redis {store.store}", []).append((store.t - begins, float(store.memory_bytes)))
    return found


def tell(series: Series, history: History, begins: float, seconds: float) -> None:
    """Print early and late, side by side."""
    tenth = seconds / 10
    ends = EARLY * seconds, LATE * seconds
    done = [sum(1 for _, effect in history.of(Effect) if effect.t - begins < end - tenth / 2) for end in ends]
    print(f"{done[1] - done[0]} tasks between the two; {len(history.of(Effect))} in all, {len(history)} events")
    print("| memory, MiB | early | late | late to early | KiB more for 1,000 tasks |\n| --- | --- | --- | --- | --- |")
    for name, samples in series.items():
        early, late = (median([size for t, size in samples if end - tenth <= t < end]) for end in ends)
        more = (late - early) / 1024 / (done[1] - done[0]) * 1000
        print(f"| {name} | {early / 2**20:.1f} | {late / 2**20:.1f} | {late / early:.3f} | {more:.1f} |")


def median(sizes: list[float]) -> float:
    """NaN where there is none."""
    return statistics.median(sizes) if sizes else float("nan")


def main() -> None:
    """Run, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", type=Path, default=HERE.parent / "system_under_test" / "hardened.toml")
    parser.add_argument("--rate", type=int, default=36)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    seconds = int(60 * options.minutes)
    with tempfile.TemporaryDirectory() as name:
        ours, began = run(options.system, options.rate, seconds, Path(name))
        said = (Path(name) / "said").read_text()
    words = [line.partition("stormproof: ")[2] for line in said.splitlines() if "stormproof: " in line]
    print(*words, sep="\n")
    told = re.search(r"report: (\S+)/report.html", said)
    if told is None:
        sys.exit(said[-1000:])
    history = History.load(Path(told[1]) / "history.jsonl")
    # The first submission is the load's beginning in the history's own time.
    begins = next(event.t for _, event in history.of(Effect)) if began else 0.0
    tell({**recorded(history, begins), **ours}, history, begins, seconds)


if __name__ == "__main__":
    main()
