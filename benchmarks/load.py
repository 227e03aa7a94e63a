"""What our users cost beside plain ones: requests a second of one Locust process, its processor time, and its memory.

    python benchmarks/load.py [--rounds 8] [--window-s 4] [--users 20] [--system FILE] [--only PART]

`nothing`: as fast as they can, on a target that costs next to nothing (`load_target.py`), so that the client is what is measured: plain
users, ours, and `wrk` where it is installed, with as many connections each; in turn, the first one changing, a process each. `system`: the
same on a real system, the hardened one. `calm`: ten times as many users with one arrival a second each: processor time of each. `memory`:
tasks that are followed.

Ours come by themselves (open loop): they get a rate that nobody can keep up with, and one submission under way each, as the plain ones
have. Counted are the answers that came. They note each operation in the system's history and are told of each task's life; the plain
ones only post. Processor time is the steadier of the two measures: a neighbour on the machine takes seconds more than cycles.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from stormproof.session.remote import Remote, RemoteError, Up

HERE = Path(__file__).parent
PATIENCE_S = 120.0
PLAIN, OURS, OPEN, WRK = "plain", "ours", "ours, 200 under way", "wrk"
CLASSES = {PLAIN: "Plain", OURS: "Ours", OPEN: "OursOpen"}
LUA = """
wrk.method, wrk.body = "POST", '{"recipient": "storm-00ab-1000001@example.org", "content": "Hello from storm-00ab-1000001"}'
wrk.headers["Content-Type"] = "application/json"
"""


class Window:
    """What one process did and spent in a window of time."""

    def __init__(self, spent: dict[str, float]) -> None:
        if not spent["requests"] or spent["failures"]:
            raise RuntimeError(f"{spent['requests']:g} requests, {spent['failures']:g} failures: nothing to compare")
        self.requests, self.seconds = spent["requests"], spent["seconds"]
        self.per_s = spent["requests"] / spent["seconds"]
        self.cpu_ms = 1000 * spent["cpu_s"] / spent["requests"]
        self.cpu_share = spent["cpu_s"] / spent["seconds"]
        self.followed, self.grown_bytes = spent["followed"], spent["rss_bytes"]


def locust(steer: Path, users: str, count: int, window_s: float, *more: str) -> Window:
    """One run of Locust; raises RuntimeError, TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "spent.json"
        command = [sys.executable, "-m", "locust", "-f", str(HERE / "load_users.py"), "--headless", "--only-summary"]
        command += ["-u", str(count), "-r", str(count), "-t", f"{int(window_s + 60)}s", "--steer", str(steer)]
        command += ["--window-s", str(window_s), "--to", str(to), *more, users]
        run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=window_s + PATIENCE_S)
        if run.returncode or not to.exists():
            raise RuntimeError(f"Locust ended with {run.returncode}: {run.stderr[-1000:]}")
        return Window(json.loads(to.read_text()))


def wrk(url: str, connections: int, window_s: float) -> Window:
    """One run of wrk, with one thread."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA)
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(window_s))}s", "-s", script.name]
        run = subprocess.run([*command, f"{url}/send-email"], check=True, capture_output=True, text=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"(\d+) requests in ([\d.]+)s", run.stdout)
    if found is None or "Non-2xx" in run.stdout:
        raise RuntimeError(f"wrk: {run.stdout}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent = {"requests": int(found[1]), "seconds": float(found[2]), "cpu_s": cpu_s}
    return Window({**spent, "failures": 0, "followed": 0, "rss_bytes": 0})


@contextmanager
def nothing() -> Iterator[Path]:
    """The cheap target in a process of its own; gives its steering socket."""
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        path = Path(folder) / "steer"
        process = subprocess.Popen([sys.executable, str(HERE / "load_target.py"), str(path)], start_new_session=True)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not path.exists():
                if time.monotonic() > deadline or process.poll() is not None:
                    raise TimeoutError("the target did not start")
                time.sleep(0.02)
            yield path
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def standing(system: Path) -> Iterator[Path]:
    """A real system; gives its steering socket."""
    with tempfile.TemporaryDirectory(prefix="load-") as runs:
        up = Up(system, Path(runs))
        try:
            yield up.path
        finally:
            up.stop()


def url_of(steer: Path) -> str:
    """Where its API is."""
    with Remote(steer) as remote:
        told = remote.ask("hello")
    return str(told["urls"][told["submit"]["component"]])


def told(values: list[float]) -> str:
    """The median with the middle half of them."""
    first, median, third = statistics.quantiles(values, n=4)
    return f"{median:.3g} (half of them between {first:.3g} and {third:.3g})"


def rounds(kinds: dict[str, Callable[[], Window]], count: int) -> dict[str, list[Window]]:
    """Each in turn, the first one changing."""
    found: dict[str, list[Window]] = {kind: [] for kind in kinds}
    names = list(kinds)
    for number in range(count):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(kinds[name]())
    return found


def compare(what: str, found: dict[str, list[Window]]) -> None:
    """Print each against the plain ones of its own round; and the plain ones against those of the round before, which is the noise."""
    plain = found[PLAIN]
    print(f"{what}: {statistics.median(w.per_s for w in plain):.0f} requests/s of plain users (median)")
    noise = [now.per_s / before.per_s for before, now in itertools.pairwise(plain)]
    print(f"  noise: plain users of one round to the round before: {told(noise)}")
    for name, windows in found.items():
        cpu = statistics.median(w.cpu_ms for w in windows)
        print(f"  {name}: {cpu:.3f} s of processor time for 1,000 requests (median)")
        if name != PLAIN:
            print(f"    requests/s to plain: {told([w.per_s / p.per_s for w, p in zip(windows, plain, strict=True)])}")
            print(
                f"    requests for the same processor time: {told([p.cpu_ms / w.cpu_ms for w, p in zip(windows, plain, strict=True)])}"
            )


def saturated(steer: Path, options: argparse.Namespace, kinds: list[str]) -> dict[str, list[Window]]:
    """As fast as they can."""
    users, window_s = options.users, options.window_s
    runs: dict[str, Callable[[], Window]] = {
        kind: partial(locust, steer, CLASSES[kind], users, window_s) for kind in kinds if kind != WRK
    }
    if WRK in kinds and shutil.which("wrk"):
        runs[WRK] = partial(wrk, url_of(steer), users, window_s)
    return rounds(runs, options.rounds)


def on_nothing(options: argparse.Namespace) -> None:
    with nothing() as steer:
        compare("a target that costs nothing", saturated(steer, options, [PLAIN, OURS, OPEN, WRK]))


def on_a_system(options: argparse.Namespace) -> None:
    with standing(options.system) as steer:
        compare(options.system.stem, saturated(steer, options, [PLAIN, OURS]))


def calm(options: argparse.Namespace) -> None:
    """Processor time of users that come once a second."""
    users = 10 * options.users
    with nothing() as steer:
        runs: dict[str, Callable[[], Window]] = {
            kind: partial(locust, steer, CLASSES[kind], users, options.window_s, "--rate", "1")
            for kind in (PLAIN, OURS)
        }
        found = rounds(runs, options.rounds)
    for name, windows in found.items():
        spent = [1000 * w.cpu_share / users for w in windows]
        print(
            f"{users} users with an arrival a second, {name}: milliseconds of processor time a user and second: {told(spent)}"
        )


def memory(options: argparse.Namespace) -> None:
    """Growth of the process while it follows tasks."""
    with nothing() as steer:
        windows = [locust(steer, "OursFollow", 50, 8 * options.window_s, "--rate", "5") for _ in range(3)]
    for w in windows:
        grown = w.grown_bytes / w.followed
        print(
            f"{w.followed:.0f} tasks followed: {w.grown_bytes / 1024:.0f} KiB more, {grown * 1000 / 1024:.1f} KiB for 1,000 tasks"
        )


PARTS = {"nothing": on_nothing, "system": on_a_system, "calm": calm, "memory": memory}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--window-s", type=float, default=4.0)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--system", type=Path, default=HERE.parent / "system_under_test" / "hardened.toml")
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    for name in options.only or PARTS:
        try:
            PARTS[name](options)
        except RemoteError as error:
            sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()
