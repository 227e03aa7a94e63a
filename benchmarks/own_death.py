"""What is left when the harness itself is killed at a random moment.

    python benchmarks/own_death.py [--times 100] [--seed 1] [--lanes 3]

Kills `stormproof run` and `stormproof sweep` with SIGKILL, SIGTERM and SIGINT, then polls for 5 s for processes that
carry the run's mark or inherited its own TMPDIR, for the very sockets on which they listened, and for temporary folders; and
has `stormproof analyze` judge what was written.
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
LONGEST_S, BOUND_S = {"run": 7.0, "sweep": 25.0}, 5.0
"""A run is over in six seconds; who is dead already cannot be killed."""


@dataclass
class Death:
    """One harness that was killed. `ports`: on how many it and its system listened; `left`: what was still there after `BOUND_S`."""

    what: str
    after_s: float
    ended_before: bool
    ports: int
    clean_s: float
    left: list[str]
    readable: int
    judged: int
    histories: int
    wrong: list[str]


def _ours(folder: Path, marks: set[str]) -> list[Path]:
    """Live processes whose environment names this run's own TMPDIR or carries a mark of its runs."""
    found = []
    wanted = {f"TMPDIR={folder}".encode(), *(f"STORMPROOF_RUN={mark}".encode() for mark in marks)}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if wanted & set((process / "environ").read_bytes().split(b"\0")):
                state = (process / "stat").read_text().rpartition(") ")[2][0]
                if state not in "ZX":
                    found.append(process)
        except OSError:
            continue
    return found


def _listening() -> dict[str, str]:
    """Inode -> address of each TCP socket of this machine that listens, and of each abstract socket that holds a port."""
    tcp = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    unix = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    return {words[9]: words[1] for words in tcp if words[3] == "0A"} | {
        words[6]: words[7] for words in unix if words[-1].startswith("@stormproof-port-")
    }


def _sockets(processes: list[Path]) -> set[str]:
    """Inodes of the sockets that processes have open."""
    found = set()
    for process in processes:
        try:
            for file in (process / "fd").iterdir():
                found.add(os.readlink(file).removeprefix("socket:[").removesuffix("]"))
        except OSError:
            continue
    return found


def _left(folder: Path, marks: set[str], ports: set[str]) -> list[str]:
    """What is still there: processes, folders, and those of the sockets `ports` that still listen."""
    found = [str(path) for path in folder.glob("stormproof-*")]
    for process in _ours(folder, marks):
        try:
            found.append(f"pid {process.name}: {(process / 'cmdline').read_bytes()[:80]!r}")
        except OSError:
            continue
    return found + [f"port {address}" for inode, address in _listening().items() if inode in ports]


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
            ports = _sockets(_ours(tmp, marks)) & _listening().keys()
            harness.send_signal(number)
            began = time.monotonic()
            while (left := _left(tmp, marks, ports)) and time.monotonic() < began + BOUND_S:
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
        return Death(what, after_s, ended, len(ports), clean_s, left, readable, judged, len(histories), wrong)


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
            draw.uniform(0, LONGEST_S["run" if n % 2 else "sweep"]),
        )
        for n in range(options.times)
    ]
    table: dict[str, list[Death]] = defaultdict(list)
    with ThreadPoolExecutor(options.lanes) as lanes:
        for death in lanes.map(lambda one: die(*one), plan):
            table[death.what].append(death)
            if death.left or death.wrong:
                print(f"{death.what} after {death.after_s:.2f} s: {death.left + death.wrong}", flush=True)
    print(f"{'':34}killed  ports  left  slowest s  histories: all, readable, judged")
    for what, deaths in sorted(table.items()):
        histories = [sum(d.histories for d in deaths), sum(d.readable for d in deaths), sum(d.judged for d in deaths)]
        print(
            f"{what:34}{sum(not d.ended_before for d in deaths):6}{sum(d.ports for d in deaths):7}"
            f"{sum(bool(d.left) for d in deaths):6}{max(d.clean_s for d in deaths):11.2f}  {histories}"
        )
    return int(any(d.left or d.wrong for deaths in table.values() for d in deaths))


if __name__ == "__main__":
    sys.exit(main())
