"""A real RQ worker with the probe beside a real Redis, for the tests that need one."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from redis import Redis
from rq import Queue
from stormproof.brokers.redis.server import find_binary
from stormproof.frameworks.journal import ProbeJournal
from stormproof.frameworks.rq.framework import RqFramework
from stormproof.history import Probe, Settings

APPS = Path(__file__).parent / "apps"
PATIENCE_S = 20.0


def wait_until(happened: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := happened()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain: {what}"
        time.sleep(0.02)
    return found


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def redis_server(folder: Path, port: int = 0) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = port or free_port()
    command = [find_binary().path, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(lambda: answers(port), "redis answers")
        yield f"redis://127.0.0.1:{port}/0", server
    finally:
        server.kill()
        server.wait()


class Worker:
    """`rq worker` on a queue of its own, and what a test needs to talk to it."""

    def __init__(
        self, folder: Path, redis_url: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        RqFramework().probe(folder)
        self.folder, self.redis_url = folder, redis_url
        self.redis = Redis.from_url(redis_url)
        self.queue = Queue(folder.name, connection=self.redis)
        self.events: list[Probe] = []
        self.settings: list[Settings] = []
        self.tree: set[int] = set()
        self._orders = folder / "orders.json"
        self.t0 = time.monotonic()
        self._journal = ProbeJournal(folder / "journal", t0=self.t0)
        self._arguments = arguments
        told = {
            "PYTHONPATH": f"{folder}:{APPS}",
            "STORMPROOF_JOURNAL": str(folder / "journal"),
            "STORMPROOF_COMPONENT": "probed-worker",
            "STORMPROOF_ORDERS": str(self._orders),
        }
        self.env = os.environ | told | (environment or {})
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "rq.cli", "worker", "--url", self.redis_url, *self._arguments, self.queue.name]
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log, start_new_session=True)
        return self.process

    def order(self, *orders: dict[str, str]) -> None:
        """Replace the orders as the harness does: written aside, then renamed."""
        aside = self.folder / "orders.new"
        aside.write_text(json.dumps(orders))
        aside.rename(self._orders)

    def publish(self, job: str, *args: Any, **options: Any) -> str:
        return str(self.queue.enqueue(job, *args, **options).id)

    def read(self) -> None:
        new = self._journal.read_new()
        self.events += [event for event in new if isinstance(event, Probe)]
        self.settings += [event for event in new if isinstance(event, Settings)]
        self.tree |= {event.pid for event in self.events}

    def words(self, task_id: str) -> list[str]:
        self.read()
        return [event.word for event in self.events if event.task_id == task_id]

    def wait_for(self, task_id: str, *words: str) -> Probe:
        """The first line of the job that says one of the words."""

        def find() -> Probe | None:
            self.read()
            return next((event for event in self.events if event.task_id == task_id and event.word in words), None)

        found: Probe = wait_until(find, f"{words} of {task_id}; log:\n{self.log()[-3000:]}")
        return found

    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def kill(self) -> None:
        """SIGKILL the worker with all below it: its work horse is in a process group of its own."""
        with suppress(psutil.NoSuchProcess):
            self.tree |= {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}
        for pid in {self.process.pid, *self.tree}:
            with suppress(ProcessLookupError):
                if pid == self.process.pid or _is_ours(pid, self.folder):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether that process was given this test's folder: its number may be another's by now."""
    with suppress(OSError):
        return str(folder).encode() in Path(f"/proc/{pid}/environ").read_bytes()
    return False


@contextmanager
def running(
    folder: Path, redis_url: str, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[Worker]:
    worker = Worker(folder, redis_url, *arguments, environment=environment)
    try:
        worker.wait_for("", "ready")
        yield worker
    finally:
        worker.kill()
        worker.redis.close()


@contextmanager
def monitored(redis_url: str) -> Iterator[list[tuple[str, list[str]]]]:
    """The commands that Redis executes meanwhile, each behind the address of its connection."""
    port = int(redis_url.rpartition(":")[2].partition("/")[0])
    seen: list[tuple[str, list[str]]] = []
    with socket.create_connection(("127.0.0.1", port)) as monitor, monitor.makefile("rb") as lines:
        monitor.sendall(b"MONITOR\r\n")
        assert lines.readline() == b"+OK\r\n"

        def read() -> None:
            for line in lines:
                found = re.match(r"\+[\d.]+ \[\d+ (\S+)\] (.*)", line.decode("utf-8", "replace"))
                if found and found[1] != "lua":
                    seen.append((found[1], re.findall(r'"((?:[^"\\]|\\.)*)"', found[2])))

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        try:
            yield seen
        finally:
            monitor.shutdown(socket.SHUT_RDWR)
            reading.join()
