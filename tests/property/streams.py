"""Streams of RESP as clients and servers write them, and any way of cutting them up."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st
from stormproof.brokers.redis.resp import HEAD_LIMIT, request

WORDS = st.binary(max_size=12) | st.sampled_from([b"SET", b"GET", b"LPUSH", b"", b"\r\n", b"$3\r\n"])
BIG = st.integers(HEAD_LIMIT - 8, HEAD_LIMIT * 3).map(lambda size: b"x" * size)
COMMANDS = st.sampled_from([b"SET", b"get", b"LPUSH", b"PING", b"MULTI", b"EXEC", b"BRPOP", b"HSET"])

arrays = st.builds(lambda command, words: request(command, *words), COMMANDS, st.lists(WORDS | BIG, max_size=4))
inline = st.sampled_from([b"PING\r\n", b"set a b\n", b"\r\n", b"*0\r\n"])
requests = st.lists(st.one_of(arrays, arrays, arrays, inline), max_size=8)

LINES = st.sampled_from(
    [b"+OK\r\n", b"-ERR no\r\n", b":12\r\n", b"_\r\n", b"#t\r\n", b",1.5\r\n", b"(123\r\n", b"$-1\r\n", b"*-1\r\n"]
)
bulks = st.builds(
    lambda kind, body: kind + b"%d\r\n%s\r\n" % (len(body), body), st.sampled_from([b"$", b"=", b"!"]), WORDS | BIG
)


def _aggregate(parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    lists = st.lists(parts, max_size=4)
    plain = st.builds(
        lambda kind, inner: kind + b"%d\r\n" % len(inner) + b"".join(inner), st.sampled_from([b"*", b"~", b">"]), lists
    )
    pairs = st.lists(st.tuples(parts, parts), max_size=2)
    maps = pairs.map(lambda inner: b"%%%d\r\n" % len(inner) + b"".join(a + b for a, b in inner))
    attributed = st.tuples(pairs, parts).map(lambda t: b"|%d\r\n" % len(t[0]) + b"".join(a + b for a, b in t[0]) + t[1])
    return plain | maps | attributed


values = st.recursive(LINES | bulks, _aggregate, max_leaves=8)
RESP2_LINES = st.sampled_from([b"+OK\r\n", b"-ERR no\r\n", b":12\r\n", b"$-1\r\n", b"*-1\r\n"])
resp2_bulks = (WORDS | BIG).map(lambda body: b"$%d\r\n%s\r\n" % (len(body), body))
resp2_values = st.recursive(
    RESP2_LINES | resp2_bulks,
    lambda parts: st.lists(parts, max_size=4).map(lambda inner: b"*%d\r\n" % len(inner) + b"".join(inner)),
    max_leaves=8,
)
replies = st.lists(values, max_size=8)


@st.composite
def chunks(draw: st.DrawFn, stream: bytes) -> list[bytes]:
    """The stream in pieces."""
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    return [stream[a:b] for a, b in pairwise(edges) if b > a]
