"""In what fakeredis differs from a Redis where a result backend can tell. Each test says what Redis does; when a new fakeredis does it, it turns
red. `test_fakeredis_agrees.py` compares all else.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import fakeredis
import pytest
import redis
from celery.backends.redis import CHORD_PART_RETURN_LUA
from redis.exceptions import OutOfMemoryError, ResponseError

_PART = {"keys": list("jtsdgc"), "args": ["task", "value", 1, "no number", 60, 60, 10, "token"]}


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with fakeredis.FakeRedis(server=fakeredis.FakeServer(version=(6, 2))) as found:
        yield found


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception, reason="proto-max-bulk-len is taken and not obeyed")
def test_a_value_beyond_the_limit_is_refused(client: redis.Redis) -> None:
    """What Redis drops the connection for is stored."""
    client.config_set("proto-max-bulk-len", 1 << 20)
    with pytest.raises((ResponseError, redis.ConnectionError)):
        client.set("key", "x" * (2 << 20))


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception, reason="maxmemory is taken and not obeyed")
def test_a_full_server_refuses_what_needs_memory(client: redis.Redis) -> None:
    """There is no full fakeredis."""
    client.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        client.set("key", "x")


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the line of a script that failed is not told")
def test_an_error_within_a_script_tells_its_line(client: redis.Redis) -> None:
    """`@user_script:19:`, with Redis 6.2; here it is a question mark."""
    with pytest.raises(ResponseError) as caught:
        client.register_script(CHORD_PART_RETURN_LUA)(**_PART)
    assert "@user_script:19:" in str(caught.value)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="it is told with a traceback of Lua's")
def test_an_error_of_lua_itself_is_one_line(client: redis.Redis) -> None:
    """A reply of Redis has no more."""
    with pytest.raises(ResponseError) as caught:
        client.eval("return nil + 1", 0)
    assert "\n" not in str(caught.value)


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception, reason="any name will do")
def test_a_client_name_with_a_space_is_refused(client: redis.Redis) -> None:
    """Celery's `redis_client_name`: with Redis, no connection comes about."""
    with pytest.raises(ResponseError, match="cannot contain spaces"):
        client.client_setname("a name")


@pytest.mark.xfail(strict=True, raises=ResponseError, reason="it is not known")
def test_what_was_configured_is_told(client: redis.Redis) -> None:
    """CONFIG SET is."""
    assert client.config_get("maxmemory")


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception, reason="it is answered whatever the version")
def test_a_server_of_an_old_version_has_no_later_command(client: redis.Redis) -> None:
    """CLIENT SETINFO came with 7.2; redis-py sends it on each connection."""
    with pytest.raises(ResponseError):
        client.execute_command("CLIENT", "SETINFO", "LIB-NAME", "x")


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="one lock, which its holder cannot take again")
def test_a_command_from_a_finalizer_does_not_wait_for_ever(client: redis.Redis) -> None:
    """A result that is collected amid a command unsubscribes there and then, in the same thread, by another connection."""
    lock = client.connection_pool.connection_kwargs["server"].lock
    with lock:
        assert lock.acquire(blocking=False)
        lock.release()


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="it writes to a socket that does not block, and takes a full one for an error",
)
def test_its_tcp_server_sends_what_is_larger_than_a_sockets_buffer() -> None:
    """So results of some megabytes cannot be read."""

    class Quiet(fakeredis.TcpFakeServer):
        def handle_error(self, *_: object) -> None:
            """Nobody needs the traceback."""

    server = Quiet(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with contextlib.closing(redis.Redis(port=server.server_address[1], retry=None)) as client:
            client.set("key", "x" * (32 << 20))
            try:
                came = client.get("key")
            except (
                redis.ConnectionError
            ):  # Or, where enough was read by then, its word of the error comes as part of the value.
                came = None
            assert came == b"x" * (32 << 20), "it did not come whole"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
