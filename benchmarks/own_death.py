"""What is left when the harness itself is killed at a random moment.

    python benchmarks/own_death.py [--times 100] [--seed 1] [--lanes 3]

Kills `stormproof run` and `stormproof sweep` with SIGKILL, SIGTERM and SIGINT, then polls for 5 s for processes that
carry the run's mark or inherited its own TMPDIR (their ports end with them), and for temporary folders; and has
`stormproof analyze` judge what was written.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stormproof.history import History

REPOSITORY = Path(__file__).parents[1]
STORMPROOF = str(Path(sys.executable).parent / "stormproof")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
LONGEST_S, BOUND_S = 25.0, 5.0


@dataclass
class Death:
    """One harness that was killed. `left`: what was still there after `BOUND_S`."""

    what: str
    after_s: float
    ended_before: bool
    clean_s: float
    left: list[str]
    readable: int
    judged: int
    histories: int
    wrong: list[str]


def _ours(folder: Path, marks: set[str]) -> list[str]:
    """Live processes whose environment names this run's own TMPDIR or carries a mark of its runs, and the folders left there."""
    found = [str(path) for path in folder.glob("stormproof-*")]
    wanted = {f"TMPDIR={folder}".encode(), *(f"STORMPROOF_RUN={mark}".encode() for mark in marks)}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if wanted & set((process / "environ").read_bytes().split(b"\0")):
                state = (process / "stat").read_text().rpartition(") ")[2][0]
                if state not in "ZX":
                    found.append(f"pid {process.name}: {(process / 'cmdline').read_bytes()[:80]!r}")
        except OSError:
            continue
    return found


def die(command: str, system: str, number: signal.Signals, after_s: float) -> Death:
    """Start the harness, kill it after so many seconds, and see what is left."""
    with tempfile.TemporaryDirectory(prefix="own-death-") as name:
        tmp, runs = Path(name, "tmp"), Path(name, "runs")
        tmp.mkdir()
        argv = [
            STORMPROOF,
            command,
            "--system",
            str(REPOSITORY / f"system_under_test/{system}.toml"),
            "--runs",
            str(runs),
        ]
        argv += ["chaos/worker_killed.py"] if command == "run" else ["--lanes", "1"]
        with subprocess.Popen(
            argv,
            env={**os.environ, "TMPDIR": str(tmp)},
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as harness:
            try:
                harness.wait(timeout=after_s)
                ended = True
            except subprocess.TimeoutExpired:
                ended = False
            marks = {path.name for path in tmp.glob("stormproof-*")}
            harness.send_signal(number)
            began = time.monotonic()
            while (left := _ours(tmp, marks)) and time.monotonic() < began + BOUND_S:
                time.sleep(0.05)
            clean_s = time.monotonic() - began
            harness.kill()
        histories = list(runs.rglob("history.jsonl"))
        readable, judged, wrong = 0, 0, []
        for history in histories:
            History.load(history)
            readable += 1
            said = subprocess.run(
                [STORMPROOF, "analyze", str(history.parent)], capture_output=True, text=True, check=False
            )
            allowed = (0, 1, 2) if ended or len(histories) > 1 else (1, 2)
            if said.returncode in allowed and "Traceback" not in said.stderr:
                judged += 1
            else:
                wrong.append(f"analyze: {said.returncode} {said.stderr.strip()[-200:]}")
        what = f"{command} {system} {number.name}"
        return Death(what, after_s, ended, clean_s, left, readable, judged, len(histories), wrong)


def main() -> int:
    """Kill as often as asked, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=3)
    options = parser.parse_args()
    # A shell's background job ignores SIGINT, and what it starts would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    draw = random.Random(options.seed)
    plan = [
        (
            "run" if n % 2 else "sweep",
            "hardened" if n == options.times - 1 else "tutorial",
            SIGNALS[n % 3],
            draw.uniform(0, LONGEST_S),
        )
        for n in range(options.times)
    ]
    table: dict[str, list[Death]] = defaultdict(list)
    with ThreadPoolExecutor(options.lanes) as lanes:
        for death in lanes.map(lambda one: die(*one), plan):
            table[death.what].append(death)
            if death.left or death.wrong:
                print(f"{death.what} after {death.after_s:.2f} s: {death.left + death.wrong}", flush=True)
    print(f"{'':34}killed  left  slowest s  histories: all, readable, judged")
    for what, deaths in sorted(table.items()):
        histories = [sum(d.histories for d in deaths), sum(d.readable for d in deaths), sum(d.judged for d in deaths)]
        print(
            f"{what:34}{sum(not d.ended_before for d in deaths):6}{sum(bool(d.left) for d in deaths):6}"
            f"{max(d.clean_s for d in deaths):11.2f}  {histories}"
        )
    return int(any(d.left or d.wrong for deaths in table.values() for d in deaths))


if __name__ == "__main__":
    sys.exit(main())
