"""What safety costs: the knee of two systems, the time of a task in calm weather, and where time and processor go.

    python benchmarks/knee.py [--rounds 2] [--rate 30] [--most 120] [--step-s 10] SYSTEM SYSTEM

The systems come in turn: `--shape steps` up to `--most` arrivals a second (0: none), and, for half a minute, `--rate` of them (0: none). Of the
calm runs: the medians of the spans between a task's events in the history, and the processor time of each component for one task, harness
and load included.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from stormproof.history import Effect, Event, History, Invoked, Probe, Returned, Wire

LOCUSTFILE = Path(__file__).parents[1] / "loadtests" / "locustfile.py"
CALM_S, WARM_S, WINDOW_S = 30, 8.0, 18.0
SPANS = {
    "submitted to published (the API, and what it writes first)": ("invoked", "push"),
    "published to in the queue": ("push", "pushed"),
    "in the queue to answered": ("pushed", "returned"),
    "in the queue to taken": ("pushed", "taken"),
    "taken to begun": ("taken", "started"),
    "begun to e-mail": ("started", "mailed"),
    "e-mail to ended (what is stored)": ("mailed", "ended"),
    "submitted to ended": ("invoked", "ended"),
    "status asked to answered": ("asked", "told"),
}
COMPONENTS = {
    "uvicorn": "api",
    "flower": "flower",
    "celery": "worker",
    "sweeper": "sweeper",
    "redis-server": "redis",
    "locust": "load",
}


@dataclass
class Seen:
    """Of one system, of all rounds."""

    knees: list[float] = field(default_factory=list)
    done_ms: list[float] = field(default_factory=list)
    spans_ms: dict[str, list[float]] = field(default_factory=dict)
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)


def locust(system: Path, folder: Path, *more: str) -> subprocess.Popen[str]:
    """A run of Locust with nothing but submissions, which come as they come."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "SubmitUser"]
    (folder / "none.toml").write_text("")
    command += [
        "--system",
        str(system),
        "--thresholds",
        str(folder / "none.toml"),
        "--json-file",
        str(folder / "rows"),
        *more,
    ]
    said = (folder / "said").open("w")
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, text=True, start_new_session=True)


def knee(system: Path, most: int, step_s: float) -> float:
    """Arrivals a second; 0.0 where not even the first step held."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        locust(system, folder, "--shape", "steps", "-u", str(most), "-t", f"{int(10 * step_s)}s").wait(timeout=600)
        said = (folder / "said").read_text()
    found = re.findall(r"the knee: not reached.* at ([\d.]+)|the knee: ([\d.]+)|(the knee: below)", said)
    if not found:
        held = re.findall(r"stormproof: ([\d.]+) arrivals/s: \S+ tasks/s", said)
        raise RuntimeError(f"{system.stem}: no knee up to {held[-1] if held else 'nothing'}: {said[-500:]}")
    return float(found[-1][0] or found[-1][1] or 0)


def calm(system: Path, rate: int, seen: Seen) -> None:
    """One run at a rate that both can bear."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = locust(system, folder, "-u", str(rate), "-r", str(rate), "-t", f"{CALM_S}s")
        while "All users spawned" not in (folder / "said").read_text():
            if run.poll() is not None:
                raise RuntimeError((folder / "said").read_text()[-500:])
            time.sleep(0.2)
        time.sleep(WARM_S)
        before = spent_s(run.pid)
        time.sleep(WINDOW_S)
        after = spent_s(run.pid)
        run.wait(timeout=300)
        for component, cpu_s in after.items():
            spent = 1000 * (cpu_s - before.get(component, 0.0)) / (rate * WINDOW_S)
            seen.cpu_ms.setdefault(component, []).append(spent)
        rows = {row["name"]: row for row in json.loads((folder / "rows.json").read_text())}
        times = rows["due to done"]["response_times"]
        seen.done_ms.append(statistics.median(float(ms) for ms, count in times.items() for _ in range(count)))
        told = re.search(r"report: (\S+)/report.html", (folder / "said").read_text())
    if told is None:
        raise RuntimeError(f"{system.stem}: not judged")
    for span, values in spans(History.load(Path(told[1]) / "history.jsonl")).items():
        seen.spans_ms.setdefault(span, []).append(statistics.median(values))


def spent_s(pid: int) -> dict[str, float]:
    """Processor time until now, by component."""
    found: dict[str, float] = {}
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            words, times = " ".join(process.cmdline()), process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        component = next((name for word, name in COMPONENTS.items() if word in words), "harness")
        found[component] = found.get(component, 0.0) + times.user + times.system
    return found


def spans(history: History) -> dict[str, list[float]]:
    """Milliseconds between two moments, of each submission that has both."""
    moments: dict[str, dict[str, float]] = {}
    key_of, ids = {}, {}
    for _, begun in history.of(Invoked):
        if begun.purpose == "workload":
            moments.setdefault(begun.key, {})["invoked" if begun.kind == "submit" else "asked"] = begun.t
            key_of[begun.op] = begun.key, begun.kind
    for _, ended in history.of(Returned):
        if ended.op in key_of:
            key, kind = key_of[ended.op]
            moments[key]["returned" if kind == "submit" else "told"] = ended.t
            ids.update({ended.task_id: key} if ended.task_id else {})
    for event in history:
        if (named := moment(event)) is not None:
            name, about = named
            for key in {ids.get(one, one) for one in about}:
                if key in moments:
                    moments[key].setdefault(name, event.t)
    found: dict[str, list[float]] = {}
    for span, (first, last) in SPANS.items():
        pairs = [(at[first], at[last]) for at in moments.values() if first in at and last in at]
        found[span] = [1000 * (late - early) for early, late in pairs]
    return {span: values for span, values in found.items() if values}


def moment(event: Event) -> tuple[str, tuple[str, ...]] | None:
    """What an event is in a task's life, and whose."""
    if isinstance(event, Wire):
        name = {
            ("LPUSH", "request"): "push",
            ("LPUSH", "reply"): "pushed",
            ("BRPOP", "reply"): "taken",
        }.get((event.command, event.direction))
        return (name, event.ids) if name and event.key == "celery" else None
    if isinstance(event, Effect):
        return "mailed", (event.key,)
    if isinstance(event, Probe) and event.word in ("started", "succeeded"):
        return "started" if event.word == "started" else "ended", (event.key,)
    return None


def told(values: list[float]) -> str:
    """The median, and all between which it lies."""
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", type=Path, nargs=2, help="the cost of the second is told by the first")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rate", type=int, default=30)
    parser.add_argument("--most", type=int, default=120)
    parser.add_argument("--step-s", type=float, default=10.0)
    options = parser.parse_args()
    seen = {system: Seen() for system in options.systems}
    for number in range(options.rounds):
        for system in options.systems if number % 2 == 0 else options.systems[::-1]:
            if options.rate:
                calm(system, options.rate, seen[system])
            if options.most:
                seen[system].knees.append(knee(system, options.most, options.step_s))
            print(
                f"{system.stem}: knee {seen[system].knees[-1:]}, due to done {seen[system].done_ms[-1:]} ms", flush=True
            )
    tell([system.stem for system in options.systems], *seen.values())


def tell(names: list[str], first: Seen, second: Seen) -> None:
    """Print both side by side."""
    for what, one, other in (
        ("the knee, arrivals/s", first.knees, second.knees),
        ("due to done, ms", first.done_ms, second.done_ms),
    ):
        if one and other:
            ratio = statistics.median(other) / (statistics.median(one) or float("nan"))
            print(f"{what}: {names[0]} {told(one)}, {names[1]} {told(other)}; ratio {ratio:.2f}")
    for title, ones, others in (
        ("milliseconds, median of the medians", first.spans_ms, second.spans_ms),
        ("processor time, ms a task", first.cpu_ms, second.cpu_ms),
    ):
        print(f"| {title} | {names[0]} | {names[1]} |\n| --- | --- | --- |")
        for name in {**ones, **others}:
            cells = [told(of[name]) if name in of else "-" for of in (ones, others)]
            print(f"| {name} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    main()
