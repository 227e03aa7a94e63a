"""Results at the limits of a Redis: as long as it takes, longer, and while it is full."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import states
from celery.result import AsyncResult
from endings import PATIENCE_S, Bench, Raised, Returned, bench
from redis.exceptions import OutOfMemoryError
from result_stores import Store, real_redis

LIMIT_BYTES = 1 << 20
PUBSUB_BUFFER_BYTES = 32 << 20
"""What a Redis keeps for a subscriber that does not read, by default, before it drops the connection."""

FAST = ("json", "pickle", "msgpack")
"""YAML takes seconds for a megabyte."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A Redis that takes a megabyte at a time, the least that it can be told."""
    with real_redis(tmp_path_factory.mktemp("small"), proto_max_bulk_len=str(LIMIT_BYTES)) as store:
        yield store


@pytest.fixture(scope="module", params=FAST)
def on(request: pytest.FixtureRequest, small: Store) -> Iterator[Bench]:
    with bench(small, request.param) as found:
        moment = datetime.datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=datetime.UTC)
        found.worker.app.now = lambda: moment  # So that all documents are of one length, but for the result.
        yield found


def stored_bytes(on: Bench, task_id: str) -> int:
    with on.reader.app.backend.client as client:
        return int(client.strlen(on.reader.app.backend.get_key_for_task(task_id)))


def test_a_result_of_exactly_the_limit_is_read_and_one_byte_more_is_a_failure(on: Bench) -> None:
    """The limit is of the document, in which the result stands."""
    probe = "x" * (LIMIT_BYTES - 10_000)
    ran, ending = on.end(Returned(probe))
    most = "x" * (len(probe) + LIMIT_BYTES - stored_bytes(on, ran.task_id))
    ran, ending = on.end(Returned(most))
    assert stored_bytes(on, ran.task_id) == LIMIT_BYTES
    assert (ending.state, ending.result == most) == (states.SUCCESS, True)
    ran, ending = on.end(Returned(most + "x"))
    assert ran.error is None and ran.settled == ("acknowledged",)
    assert ending.state == states.FAILURE and isinstance(ending.result, Exception)


@pytest.mark.parametrize(
    "did", [Returned("x" * (8 << 20)), Raised(ValueError("x" * (8 << 20)))], ids=["value", "error"]
)
def test_what_is_far_beyond_the_limit_is_a_failure(on: Bench, did: Returned | Raised) -> None:
    """Of an error that is too long, another is told. Neither says that it was too long: that is known."""
    ran, ending = on.end(did)
    assert ran.error is None and ran.settled == ("acknowledged",)
    assert (ending.state, type(ending.result).__name__) == (states.FAILURE, "ConnectionError")


def test_who_waits_is_given_a_result_that_is_larger_than_a_subscribers_buffer(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Redis drops the connection on which the result was to be told; the reader looks for itself."""
    value, folder = b"x" * (PUBSUB_BUFFER_BYTES + (4 << 20)), tmp_path_factory.mktemp("large")
    with real_redis(folder) as store, bench(store, "pickle") as both:
        waiting = AsyncResult("awaited", app=both.reader.app)
        both.reader.app.backend.result_consumer.consume_from(waiting.id)
        began = threading.Event()

        def wait() -> bytes:
            began.set()
            return bytes(waiting.get(timeout=6 * PATIENCE_S))

        with ThreadPoolExecutor(1) as threads:
            got = threads.submit(wait)
            assert began.wait(PATIENCE_S)
            both.worker.run(Returned(value), task_id=waiting.id)
            assert got.result(6 * PATIENCE_S) == value
    assert "overcoming of output buffer limits" in (folder / "redis.results.log").read_text()


@pytest.mark.parametrize("acks_late", [False, True])
def test_a_full_store_costs_the_tasks_of_that_time_their_end_and_no_others(
    tmp_path_factory: pytest.TempPathFactory, acks_late: bool
) -> None:
    """Known: they stay PENDING, and their messages are acknowledged also where that should wait for the outcome."""
    config = {"maxmemory": "1", "maxmemory_policy": "noeviction"}
    with (
        real_redis(tmp_path_factory.mktemp("full"), **config) as store,
        bench(store, "json", task_acks_late=acks_late) as both,
        store.client() as client,
    ):
        for did in (Returned(1), Raised(ValueError(1))):
            ran, ending = both.end(did)
            assert isinstance(ran.error, OutOfMemoryError) and not ran.ended_the_worker
            assert ran.settled == ("acknowledged",)
            assert ending.state == states.PENDING
        client.config_set("maxmemory", "0")
        assert both.wrong(Returned(1)) == both.wrong(Raised(ValueError(1))) == ""
