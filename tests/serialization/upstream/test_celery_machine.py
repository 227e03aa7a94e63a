"""Where Celery's records of results are not what one expects: each test asserts what is right, and passes when that is mended."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from celery import Celery
from fakeredis import TcpFakeServer
from kombu.exceptions import DecodeError


@pytest.mark.xfail(
    strict=True,
    raises=(DecodeError, KeyError),
    reason="Celery reads the record of a result before it writes one, and fails at what it reads",
)
@pytest.mark.parametrize("spoilt", [b"\x93garbage\xff{", b'{"status": "FAILURE"}'])
def test_a_record_that_cannot_be_read_is_replaced(spoilt: bytes) -> None:
    """Else no outcome of the task is ever stored; and a message for a task that nobody knows ends the worker, which wants to store its failure."""
    backend = Celery(backend="cache+memory://", set_as_current=False).backend
    backend.set(backend.get_key_for_task("t"), spoilt)
    backend.store_result("t", "result", "SUCCESS")
    assert backend.get_state("t") == "SUCCESS"


@pytest.fixture
def redis_port() -> Iterator[int]:
    server = TcpFakeServer(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.xfail(
    strict=True, raises=DeprecationWarning, reason="Celery's Redis backend calls SETEX, which redis-py has deprecated"
)
def test_a_result_is_stored_without_calls_that_are_deprecated(redis_port: int) -> None:
    """Where warnings are errors, as in a careful team's tests, no result is stored."""
    backend = Celery(backend=f"redis://127.0.0.1:{redis_port}/0", set_as_current=False).backend
    try:
        backend.store_result("t", "result", "SUCCESS")
        assert backend.get_state("t") == "SUCCESS"
    finally:
        backend.client.close()
