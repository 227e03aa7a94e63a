"""One message that is not as Celery expects ends its worker, and more: what the siege found, each with its smallest message.

Expected failures of Celery 5.7.0 and kombu 5.7.0, strictly: one that passes is the news that it is mended.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import time
import zlib
from base64 import b64encode
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.worker import WorkController
from redis import Redis
from result_stores import real_redis
from standing_system import Standing, standing
from stormproof.serializers.strategies.messages import encoded, envelope
from stormproof.spec import description

SOUND = envelope("note", {"said_now": "sound"})


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with real_redis(tmp_path_factory.mktemp("redis")) as store:
        yield int(store.url.rpartition(":")[2].partition("/")[0])


def executed(port: int, raw: bytes) -> tuple[list[str], str]:
    """What a worker executes that is given `raw` and then an ordinary task, and its last words where it died.

    In a process of its own: a worker leaves its mark on Celery, and on the logs, of the process that it was in.
    """
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_work, args=(port, raw, its))
    process.start()
    try:
        assert ours.poll(20), "the worker did not come to an end"
        said: tuple[list[str], str] = ours.recv()
        return said
    finally:
        process.kill()
        process.join()
        ours.close()
        its.close()


def _work(port: int, raw: bytes, told: Connection) -> None:
    said: list[str] = []
    died: list[str] = []
    app = Celery(broker=f"redis://127.0.0.1:{port}/0")
    app.conf.worker_hijack_root_logger = False

    @app.task(name="note", shared=False)
    def note(said_now: str) -> None:
        said.append(said_now)
        if said_now == "after":
            told.send((said, ""))

    class LastWords(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            died.append(record.getMessage())

    logging.getLogger("celery.worker").addHandler(LastWords(logging.CRITICAL))
    app.set_default()  # Celery knows one app in each process, and the worker asks for that.
    with Redis(port=port) as broker:
        broker.flushall()
        broker.lpush("celery", raw)
        broker.lpush("celery", encoded(envelope("note", {"said_now": "after"})))
    WorkController(app=app, pool_cls="solo", loglevel="CRITICAL", without_mingle=True, without_gossip=True).start()
    told.send((said, " ".join(died)))


def with_body(content: Any) -> bytes:
    return encoded({**SOUND, "body": b64encode(json.dumps(content).encode()).decode()})


def with_properties(**properties: Any) -> bytes:
    return encoded({**SOUND, "properties": {**SOUND["properties"], **properties}})


def with_headers(**headers: Any) -> bytes:
    return encoded({**SOUND, "headers": {**SOUND["headers"], **headers}})


KILLS = {
    "text that is no JSON": (b"", "JSONDecodeError"),
    "null": (b"null", "TypeError"),
    "no body": (encoded({**SOUND, "body": None}), "TypeError"),
    "a body that is no base64": (encoded({**SOUND, "body": "a"}), "Error"),
    "a body that is null": (with_body(None), "TypeError"),
    "a body of two": (with_body([[], {}]), "ValueError"),
    "a time limit that is no pair": (with_headers(timelimit=5), "TypeError"),
    "delivery info that is no object": (with_properties(delivery_info="x"), "TypeError"),
    "kombu's mark of a type that it does not know": (b'{"__type__": "no such", "__value__": 1}', "ValueError"),
    "nested in 2,000 levels": (b"[" * 2000 + b"]" * 2000, "RecursionError"),
}
"""What each is, and the error that ends the worker."""


def test_an_ordinary_task_is_executed(port: int) -> None:
    """The control: nothing is wrong with this worker."""
    assert executed(port, encoded(envelope("note", {"said_now": "before"}))) == (["before", "after"], "")


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="it ends the worker: 'Unrecoverable error'")
@pytest.mark.parametrize("message", KILLS)
def test_a_worker_survives(port: int, message: str) -> None:
    """It says that it cannot read the message, and takes the next."""
    raw, error = KILLS[message]
    done, died = executed(port, raw)
    if died and f"Unrecoverable error: {error}(" not in died:
        raise RuntimeError(died)  # It died of something else.
    assert done == ["after"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """An ordinary worker, with pool processes."""
    path = Path(__file__).parents[2] / "system_under_test" / "plain.toml"
    with standing(description.load(path), tmp_path_factory.mktemp("plain")) as system:
        yield system


def push(system: Standing, raw: bytes) -> bool:
    """Whether the worker lives when it has dealt with the message: died, or stored the result of the task that came after it."""
    (worker,) = system.world.components("worker")
    broker, results = (
        Redis(port=system.world.stores[name].port, db=db) for name, db in (("broker", 0), ("results", 1))
    )
    with broker, results:
        results.flushdb()
        broker.lpush("celery", raw)
        broker.lpush("celery", encoded(envelope("plain.work", {"key": "after"}, task_id="after", ignore_result=False)))
        deadline = time.monotonic() + 10
        while worker.alive and not results.exists("celery-task-meta-after") and time.monotonic() < deadline:
            time.sleep(0.01)
        if worker.alive and not results.exists("celery-task-meta-after"):
            raise TimeoutError("the task after it was not executed within 10 s")
    return worker.alive


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="kombu unpacks whatever a message says is compressed")
def test_a_message_of_kilobytes_takes_no_hundred_megabytes(plain: Standing) -> None:
    """A decompression bomb is unpacked by the worker's main process, before it knows what the message is."""
    (worker,) = plain.world.components("worker")
    bomb = {**envelope("note", {}, compression="gzip"), "body": b64encode(zlib.compress(bytes(64 << 20))).decode()}
    before = peak_bytes(worker.pid)
    push(plain, encoded(bomb))
    assert peak_bytes(worker.pid) - before < 100 << 20


def peak_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) << 10


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="RecursionError as the worker pickles them for its pool")
def test_a_worker_survives_arguments_of_900_levels(plain: Standing) -> None:
    """JSON of that depth is read without complaint; handed to a pool process it ends the worker. Last of all: it does."""
    deep = b'[[], {"key": ' + b"[" * 900 + b"]" * 900 + b"}, {}]"
    assert push(plain, encoded({**envelope("plain.work", {}), "body": b64encode(deep).decode()}))
