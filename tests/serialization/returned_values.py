"""What tasks return: what JSON carries, what it changes, what it refuses, and what it writes and cannot read."""

from __future__ import annotations

import datetime
import math
import threading
import uuid
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_leaves: SearchStrategy[Any] = st.one_of(
    st.none() | st.booleans(),
    st.integers(-9, 9) | st.integers(2**63, 2**70) | st.just(5000).map(lambda digits: 10**digits),
    st.floats() | st.sampled_from([math.nan, math.inf, -0.0, 1e16]),
    st.text(max_size=20) | st.sampled_from(["\ud800", "a\x00", "\u2028", "NaN", "yes", "2026-01-01", "~"]),
    st.binary(max_size=8),
    st.datetimes() | st.dates() | st.times() | st.timedeltas(),
    st.just(Decimal("1.10")) | st.builds(uuid.UUID, int=st.integers(0, 2**128 - 1)),
)
_keys: SearchStrategy[Any] = st.text(max_size=4) | st.integers(0, 3) | st.none() | st.booleans() | st.sampled_from(
    [math.nan, (1, 2), "__type__", b"k"]
)


def _marked(marker: str, value: Any) -> dict[str, Any]:
    """As kombu marks in JSON what is no JSON; a task may return such a mapping of its own."""
    return {"__type__": marker, "__value__": value}


def _deep(depth: int) -> list[Any]:
    nest: list[Any] = []
    for _ in range(depth):
        nest = [nest]
    return nest


def _ring() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


_nests: SearchStrategy[Any] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(_keys, inner, max_size=3),
        st.frozensets(st.integers(0, 9), max_size=3),
    ),
    max_leaves=8,
)
_markers = st.sampled_from(["bytes", "base64", "datetime", "uuid", "decimal", "no such"])
_made = st.sampled_from([object, threading.Lock, _ring, lambda: (_ for _ in ()), lambda: ValueError("returned")])
_RARE: list[SearchStrategy[Any]] = [
    st.builds(_marked, _markers, _nests),
    _made.map(lambda make: make()),
    st.sampled_from([70_000, 1 << 20]).map(lambda size: "x" * size),
    st.sampled_from([100, 400, 980, 3000]).map(_deep),
]


def values() -> SearchStrategy[Any]:
    """Of everything, in nests of up to eight leaves; now and then what is marked, made, large or deep."""
    return st.integers(0, 11).flatmap(lambda die: _RARE[die] if die < len(_RARE) else _nests)
