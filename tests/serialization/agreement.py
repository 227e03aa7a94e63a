"""Whether two Redis servers do the same with what Celery's result backend asks of one: replies, errors, what is stored then, and for how long."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import redis
from celery.backends import redis as backend
from hypothesis import strategies as st
from redis.exceptions import RedisError

Ask = Callable[[redis.Redis, tuple[Any, ...]], Any]
Command = tuple[Any, ...]

SCRIPTS = {
    "PART": backend.CHORD_PART_RETURN_LUA,
    "CLEAN": backend.CHORD_CLEANUP_LUA,
    "EXTEND": backend.CHORD_CLAIM_EXTEND_LUA,
}

_keys = st.sampled_from([b"a", b"b", "ü".encode(), b"\xff\x00", b""])
_chord_keys = st.permutations([b"j", b"t", b"s", b"d", b"g", b"c"])
_values = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"", b"1", b"-5", b"9223372036854775807", b"\r\n+OK\r\n", b"done", b"x" * 70_000, 5, 1.5, "ü"]),
)
_seconds = st.sampled_from([0, -1, 10, 60, 86_400, 2**31, 2**40])
_places = st.sampled_from([0, 1, -1, 5])


def commands() -> st.SearchStrategy[Command]:
    """One of those that the backend sends; keys meet values of all types, as a program may be configured to share them."""
    word = st.just
    return st.one_of(
        st.tuples(word("SET"), _keys, _values),
        st.tuples(word("SET"), _keys, _values, word("EX"), _seconds),
        st.tuples(word("SETEX"), _keys, _seconds, _values),
        st.tuples(word("GET"), _keys),
        st.tuples(word("MGET"), _keys, _keys),
        st.tuples(word("DEL"), _keys, _keys),
        st.tuples(word("INCRBY"), _keys, word(1)),
        st.tuples(word("EXPIRE"), _keys, _seconds),
        st.tuples(word("PUBLISH"), _keys, _values),
        st.tuples(word("RPUSH"), _keys, _values),
        st.tuples(word("ZADD"), _keys, st.sampled_from([0, 1, 1.5, "+inf"]), _values),
        st.tuples(word("LRANGE"), _keys, _places, _places),
        st.tuples(word("ZRANGE"), _keys, _places, _places),
        st.tuples(word("PART"), _chord_keys, _part_arguments()),
        st.tuples(word("CLEAN"), word([b"c", b"j", b"t", b"s", b"d"]), st.tuples(word("token"), _seconds)),
        st.tuples(word("EXTEND"), word([b"c", b"s"]), st.tuples(word("token"), _seconds)),
    )


def _part_arguments() -> st.SearchStrategy[tuple[Any, ...]]:
    tasks, values, scores = st.sampled_from(["one", "two"]), _values, st.sampled_from([0, 1, "+inf"])
    times = st.sampled_from([0, 60])
    return st.tuples(tasks, values, st.sampled_from([0, 1]), scores, times, times, st.just(10), st.just("token"))


def ask(client: redis.Redis, command: Command) -> Any:
    """The reply; of an error its class and its words, without the line of the script."""
    try:
        if command[0] in SCRIPTS:
            script = client.register_script(SCRIPTS[command[0]])
            return script(keys=list(command[1]), args=list(command[2]))
        return client.execute_command(*command)
    except RedisError as error:
        # Where in the script, and how Lua calls it, is known: test_an_error_within_a_script_tells_its_line
        said = str(error).partition("\n")[0]
        return type(error).__name__, re.sub(r"@user_script:.*: ", "@user_script: ", said)


def kept(client: redis.Redis) -> dict[bytes, tuple[Any, ...]]:
    """Key -> type, value and seconds to live of all that is stored."""
    look: dict[bytes, Callable[[bytes], Any]] = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"set": lambda key: sorted(client.smembers(key)),  # type: ignore[type-var, arg-type]
    }
    kinds = {key: client.type(key) for key in sorted(client.keys())}  # type: ignore[type-var]
    return {key: (kind, look[kind](key), client.ttl(key)) for key, kind in kinds.items()}


def agree(program: list[Command], one: redis.Redis, other: redis.Redis, ask_other: Ask = ask) -> None:
    """AssertionError where they do not."""
    one.flushall()
    other.flushall()
    for command in program:
        first, second = ask(one, command), ask_other(other, command)
        assert _same(first, second), f"{command}: {first!r} and {second!r}"
    first, second = kept(one), kept(other)
    assert first.keys() == second.keys(), f"keys: {list(first)} and {list(second)}"
    for key, (kind, value, ttl) in first.items():
        assert (kind, value) == second[key][:2], f"{key!r}: {kind} {value!r} and {second[key]}"
        # A second may have passed between the two.
        assert abs(ttl - second[key][2]) <= 1 and (ttl < 0) == (second[key][2] < 0), f"time to live of {key!r}"


def _same(first: Any, second: Any) -> bool:
    return type(first) is type(second) and first == second
