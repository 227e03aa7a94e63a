"""Ways to spoil a document of bytes or of JSON, whatever it is: what a broken wire, a wrong client or an attacker makes of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]
Path = tuple[str, ...]
"""The names that lead from a document to a field."""

ODD: list[Any] = [
    *(None, True, -1, 0, 1e308, float("nan"), float("inf"), 2**63, 10**400),
    *("", "\x00", "\ud800", "\u202e", "x" * 4096),
    *([], {}, [[]], {"a": {}}),
    # What kombu's JSON takes for a value of its own.
    *(
        {"__type__": "decimal", "__value__": "x"},
        {"__type__": "no such", "__value__": 1},
        {"__type__": [], "__value__": 1},
    ),
]
"""Values where others are expected."""

_NO_DOCUMENTS = [
    *(
        b"",
        b"null",
        b"[]",
        b"{}",
        b"1",
        b'"x"',
        b"NaN",
        b"\xff\xfe",
        b"\x00",
        b"{",
        b'{"a":1}{"b":2}',
        b'{"a":1,"a":2}',
    ),
    *(b'{"properties":{}}', b'{"properties":null}', b'"' + b"x" * (1 << 20) + b'"', b"1" * 5000),
    *(b'{"__type__":"uuid","__value__":1}', b'{"__type__":"no such","__value__":1}', b'{"__type__":[],"__value__":1}'),
]


def flipped(raw: bytes) -> st.SearchStrategy[bytes]:
    """One to four bits of `raw` are the other way round."""

    def flip(places: list[int]) -> bytes:
        out = bytearray(raw)
        for place in places:
            out[place // 8] ^= 1 << place % 8
        return bytes(out)

    return st.lists(st.integers(0, len(raw) * 8 - 1), min_size=1, max_size=4, unique=True).map(flip)


def truncated(raw: bytes) -> st.SearchStrategy[bytes]:
    """The end of `raw` is missing, or all of it."""
    return st.integers(0, len(raw) - 1).map(lambda end: raw[:end])


def no_document() -> st.SearchStrategy[bytes]:
    """Bytes that are no JSON, or no object of JSON."""
    return st.sampled_from(_NO_DOCUMENTS) | st.binary(max_size=64)


def field_gone(sound: Document) -> st.SearchStrategy[bytes]:
    """One field, at any depth, is not there."""
    return _paths(sound).map(lambda path: _encoded(_without(sound, path)))


def field_odd(sound: Document) -> st.SearchStrategy[bytes]:
    """One field, at any depth, has a value of another kind."""
    return st.tuples(_paths(sound), st.sampled_from(ODD)).map(lambda drawn: _encoded(_with(sound, *drawn)))


def fields_swapped(sound: Document) -> st.SearchStrategy[bytes]:
    """Two fields have each other's values; where one is inside of the other, the outer one has the inner one's."""

    def swap(one: Path, other: Path) -> bytes:
        swapped = _with(sound, one, _at(sound, other))
        apart = one != other[: len(one)] and other != one[: len(other)]
        return _encoded(_with(swapped, other, _at(sound, one)) if apart else swapped)

    return st.builds(swap, _paths(sound), _paths(sound))


def _paths(document: Document) -> st.SearchStrategy[Path]:
    return st.sampled_from(_all_paths(document))


def _all_paths(document: Document) -> list[Path]:
    found: list[Path] = []
    for name, value in document.items():
        found += [(name,), *((name, *path) for path in _all_paths(value))] if isinstance(value, dict) else [(name,)]
    return found


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def _with(document: Document, path: Path, value: Any) -> Document:
    first, *rest = path
    return {**document, first: _with(document[first], tuple(rest), value) if rest else value}


def _without(document: Document, path: Path) -> Document:
    first, *rest = path
    if rest:
        return {**document, first: _without(document[first], tuple(rest))}
    return {name: value for name, value in document.items() if name != first}


def _encoded(document: Document) -> bytes:
    return json.dumps(document).encode()
