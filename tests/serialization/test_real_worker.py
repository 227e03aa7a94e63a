"""A real worker does with the nastiest tasks what the worker in this process does: what is proved of that is so."""

from __future__ import annotations

import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from endings import Bench, Ending, Reader, bench
from nasty_tasks import LAST, NASTY
from result_stores import Store, launched, real_redis
from stormproof.processes.launcher import is_running
from stormproof.serializers.exact import brief

_WITHIN_S = 30.0
_ALL = ("json", "pickle", "msgpack")
"""YAML is slow, and to Celery the same as the last: a serializer that takes no exceptions."""


def until(happened: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not happened():
        assert time.monotonic() < deadline, f"waited {_WITHIN_S:.0f} s in vain: {what}"
        time.sleep(0.005)


class RealWorker:
    """One process and its pool process; a task at a time, in the order of their messages."""

    def __init__(self, store: Store, launch: Callable[..., Any], folder: Path) -> None:
        self.app = Celery("nasty", broker=store.url, backend=store.url, set_as_current=False)
        command = "-A nasty_worker worker --without-gossip --without-mingle --without-heartbeat -l WARNING".split()
        self._running = launch(
            "worker",
            [sys.executable, "-m", "celery", *command],
            env=os.environ
            | {
                "NASTY_REDIS": store.url,
                "PYTHONPATH": str(Path(__file__).parent),
                "TMPDIR": str(folder),
                "C_FORCE_ROOT": "1",
            },
        )

    @property
    def alive(self) -> bool:
        return is_running(self._running.pid)

    def end(self, serializer: str, name: str, reader: Reader) -> Ending:
        """How it ended, or that it has none: what was sent after it has ended by then."""
        task_id = self._send(serializer, name)
        after = self._send(serializer, "returns nothing")
        until(lambda: reader.read(after).state == "SUCCESS" or not self.alive, f"{name}, and the task after it")
        return reader.read(task_id)

    def _send(self, serializer: str, name: str) -> str:
        task_id = str(uuid.uuid4())
        self.app.send_task(serializer, (name,), task_id=task_id)
        return task_id


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with real_redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture(scope="module")
def real(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWorker]:
    folder = tmp_path_factory.mktemp("worker")
    with launched(folder) as launch, store.app("json") as app:
        worker = RealWorker(store, launch, folder)
        assert worker.end("json", "returns nothing", Reader(app)).state == "SUCCESS", (
            folder / "worker.log"
        ).read_text()
        yield worker


@pytest.fixture(scope="module")
def benches(store: Store) -> Iterator[dict[str, Bench]]:
    with ExitStack() as stack:
        yield {serializer: stack.enter_context(bench(store, serializer)) for serializer in _ALL}


def told(ending: Ending) -> tuple[str, ...]:
    """What is the same wherever it ran: no addresses of objects, and of a traceback the last line."""
    result = type(ending.result).__name__ if isinstance(ending.result, BaseException) else brief(ending.result)
    last = str(ending.traceback).rstrip().rpartition("\n")[2]
    errors = [type(error).__name__ for error in (ending.error, ending.thrown)]
    return tuple(re.sub(r" at 0x\w+", "", words) for words in (ending.state, result, last, *errors))


@pytest.mark.parametrize(("name", "serializer"), list(product(NASTY, _ALL)))
def test_a_real_worker_does_what_the_worker_in_this_process_does(
    real: RealWorker, benches: dict[str, Bench], name: str, serializer: str
) -> None:
    """State, kind of result, kind of error, and traceback: read by the same reader."""
    here = benches[serializer]
    _, ending = here.end(NASTY[name])
    assert told(real.end(serializer, name, here.reader)) == told(ending)
    assert real.alive


def test_a_real_worker_ends_of_a_memory_error(real: RealWorker, benches: dict[str, Bench]) -> None:
    """As `Ran.ended_the_worker` says. (`test_a_memory_error_of_a_task_does_not_end_its_worker` has it as what should not be.)"""
    here = benches["json"]
    ran, ending = here.end(LAST["raises MemoryError"])
    assert ran.ended_the_worker
    assert told(real.end("json", "raises MemoryError", here.reader)) == told(ending)
    until(lambda: not real.alive, "the worker's end")
