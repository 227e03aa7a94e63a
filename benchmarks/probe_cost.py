"""What the probe costs: tasks per second through a real worker with it, against one without it.

    python benchmarks/probe_cost.py [--slices 60] [--slice-s 0.5] [--control]

Two workers stand side by side, one with the probe, each with a Redis database full of tasks that do nothing. They run
in turn, a slice each, the other one paused: what else the machine does disturbs both alike. The goal is a cost under
3 %; `--control` leaves the probe out on both sides and so shows what the noise alone can do.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

import psutil
import redis
from celery import Celery
from stormproof.brokers.redis.server import find_binary
from stormproof.frameworks.celery.framework import CeleryFramework

APP = """
import os
from celery import Celery
app = Celery("nothing", broker=os.environ["BENCHMARK_REDIS"], backend=os.environ["BENCHMARK_REDIS"])
@app.task(name="nothing")
def nothing(recipient, content):
    return {"recipient": recipient}
"""
PATIENCE_S = 60.0
TASKS_PER_S = 2000
"""More than a worker can do in a second, so that no queue runs empty."""


@contextmanager
def running(command: list[str], folder: Path, **environment: str) -> Iterator[int]:
    """A process of ours in a session of its own, ended with all its children; gives its pid."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE_S} s in vain until {what}")
        time.sleep(0.02)


class Bench:
    """One worker, its queue, and what it has done in its slices."""

    def __init__(self, folder: Path, port: int, database: int, probed: bool, tasks: int) -> None:
        self._url = f"redis://127.0.0.1:{port}/{database}"
        self._redis = redis.Redis(port=port, db=database)
        self._folder, self._probed = folder, probed
        self._pid = 0
        self._fill(tasks)

    def _fill(self, tasks: int) -> None:
        """One message of Celery's own, again and again with another task id."""
        with Celery(broker=self._url, set_as_current=False) as app:
            task_id = app.send_task("nothing", args=("storm-00ab-0001@example.org", "hello")).id.encode()
        message = cast(bytes, self._redis.lpop("celery"))
        with self._redis.pipeline(transaction=False) as pipeline:
            for _ in range(tasks):
                pipeline.rpush("celery", message.replace(task_id, str(uuid.uuid4()).encode()))
            pipeline.execute()

    @contextmanager
    def worker(self) -> Iterator[None]:
        """The worker, warm and paused."""
        command = [sys.executable, "-m", "celery", "-A", "nothing", "worker", "-c", "1", "-l", "WARNING"]
        environment = {"PYTHONPATH": str(self._folder), "BENCHMARK_REDIS": self._url}
        if self._probed:
            command += ["-I", "stormproof_probe"]
            (self._folder / "orders.json").write_text("[]")
            environment["STORMPROOF_JOURNAL"] = str(self._folder / "journal")
            environment["STORMPROOF_ORDERS"] = str(self._folder / "orders.json")
        with running(command, self._folder, **environment) as self._pid:
            wait_until(lambda: self._redis.dbsize() > 200, "the worker has done its first tasks")
            os.killpg(self._pid, signal.SIGSTOP)
            yield

    def slice(self, slice_s: float) -> tuple[float, float]:
        """Let it run for so long: tasks per second, and seconds of processor time for each task."""
        done, cpu_s = self._redis.dbsize(), self._cpu_s()
        began = time.monotonic()
        os.killpg(self._pid, signal.SIGCONT)
        time.sleep(slice_s)
        os.killpg(self._pid, signal.SIGSTOP)
        took_s = time.monotonic() - began
        did = self._redis.dbsize() - done
        if not did or not self._redis.llen("celery"):
            raise RuntimeError(f"{did} tasks done in a slice, {self._redis.llen('celery')} left: nothing to compare")
        return did / took_s, (self._cpu_s() - cpu_s) / did

    def _cpu_s(self) -> float:
        worker = psutil.Process(self._pid)
        spent = [process.cpu_times() for process in (worker, *worker.children(recursive=True))]
        return float(sum(times.user + times.system for times in spent))


def compare(plain: Bench, probed: Bench, slices: int, slice_s: float) -> None:
    """Run both in turn, the first one changing, and print what the probe leaves of the throughput."""
    rates: dict[Bench, list[float]] = {plain: [], probed: []}
    cpu_s: dict[Bench, list[float]] = {plain: [], probed: []}
    for number in range(slices):
        for bench in (plain, probed) if number % 2 == 0 else (probed, plain):
            rate, cost_s = bench.slice(slice_s)
            rates[bench].append(rate)
            cpu_s[bench].append(cost_s)
    for name, bench in (("without", plain), ("with", probed)):
        rate, cost_ms = statistics.median(rates[bench]), 1000 * statistics.median(cpu_s[bench])
        print(f"{name:>7} the probe: {rate:6.0f} tasks/s, {cost_ms:.2f} ms of processor time a task (medians)")
    pairs = [with_it / without for with_it, without in zip(rates[probed], rates[plain], strict=True)]
    ratio = sum(rates[probed]) / sum(rates[plain])
    cpu_ratio = sum(cpu_s[probed]) / sum(cpu_s[plain])
    print(f"throughput with the probe: {ratio:.3f} of that without; median of pairs {statistics.median(pairs):.3f}")
    print(f"processor time with the probe: {cpu_ratio:.3f} of that without")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=60)
    parser.add_argument("--slice-s", type=float, default=0.5)
    parser.add_argument("--control", action="store_true", help="no probe on either side")
    options = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "nothing.py").write_text(APP)
        CeleryFramework().probe(folder)
        command = [find_binary().path, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
        stack.enter_context(running(command, folder))
        wait_until(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), "redis answers")
        tasks = int(options.slices * options.slice_s * TASKS_PER_S) + TASKS_PER_S
        benches = [Bench(folder, port, n, probed=bool(n) and not options.control, tasks=tasks) for n in (0, 1)]
        for bench in benches:
            stack.enter_context(bench.worker())
        compare(benches[0], benches[1], options.slices, options.slice_s)


if __name__ == "__main__":
    main()
