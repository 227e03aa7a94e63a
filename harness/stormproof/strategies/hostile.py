"""Messages that are not as they should be: what a wrong client, a broken wire or an attacker puts into a queue."""

from __future__ import annotations

import base64
import bz2
import json
import lzma
import pickle
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from stormproof.strategies.messages import Envelope, encoded

_FAR = (
    "9999-12-31T23:59:59.999999+00:00",
    "2999-01-01T00:00:00",
    "0001-01-01T00:00:00",
    "2026-02-30T00:00:00",
    "tomorrow",
    "",
    "9" * 400,
)
_ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1e308,
    float("nan"),
    float("inf"),
    2**63,
    10**400,
    "",
    "\x00",
    "\ud800",
    "\u202e",
    "x" * 4096,
    [],
    {},
    [[]],
    {"a": {}},
]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One message for a queue: `kind` names how it was spoilt, `raw` is what to push."""

    kind: str
    raw: bytes


def hostile(
    sound: Envelope, *, unpickled: Callable[[], Any] | None = None, bomb_bytes: int = 64 << 20
) -> st.SearchStrategy[Hostile]:
    """Everything that can be wrong with the message `sound`, each kind as often as any other.

    `unpickled` makes an object for pickled bodies that would tell if anybody unpickled it. Bodies that are compressed grow to `bomb_bytes`.
    """
    return st.sampled_from(sorted(KINDS)).flatmap(
        lambda kind: KINDS[kind](_Sound(sound, unpickled or dict, bomb_bytes)).map(lambda raw: Hostile(kind, raw))
    )


@dataclass(frozen=True)
class _Sound:
    """What is to be spoilt."""

    message: Envelope
    unpickled: Callable[[], Any]
    bomb_bytes: int

    @property
    def raw(self) -> bytes:
        return encoded(self.message)

    @property
    def body(self) -> bytes:
        return base64.b64decode(self.message["body"])

    def with_body(self, body: bytes, **other: Any) -> bytes:
        return encoded({**self.message, "body": base64.b64encode(body).decode(), **other})

    def with_headers(self, **headers: Any) -> dict[str, Any]:
        return {**self.message, "headers": {**self.message["headers"], **headers}}


def _flipped(raw: bytes) -> st.SearchStrategy[bytes]:
    def flip(places: list[int]) -> bytes:
        out = bytearray(raw)
        for place in places:
            out[place // 8] ^= 1 << place % 8
        return bytes(out)

    return st.lists(st.integers(0, len(raw) * 8 - 1), min_size=1, max_size=4, unique=True).map(flip)


def _truncated(raw: bytes) -> st.SearchStrategy[bytes]:
    return st.integers(0, len(raw) - 1).map(lambda end: raw[:end])


def _paths(message: Envelope) -> list[tuple[str, ...]]:
    """Every field, in all depths."""
    found: list[tuple[str, ...]] = []
    for name, value in message.items():
        found.append((name,))
        if isinstance(value, dict):
            found += [(name, *path) for path in _paths(value)]
    return found


def _changed(message: Envelope, path: tuple[str, ...], change: Callable[[Envelope, str], None]) -> Envelope:
    copy: Envelope = json.loads(json.dumps(message))
    place = copy
    for step in path[:-1]:
        place = place[step]
    change(place, path[-1])
    return copy


def _at(message: Envelope, path: tuple[str, ...]) -> Any:
    place: Any = message
    for step in path:
        place = place[step]
    return place


def _field_gone(sound: _Sound) -> st.SearchStrategy[bytes]:
    return st.sampled_from(_paths(sound.message)).map(
        lambda path: encoded(_changed(sound.message, path, lambda place, last: place.__delitem__(last)))
    )


def _field_odd(sound: _Sound) -> st.SearchStrategy[bytes]:
    def put(drawn: tuple[tuple[str, ...], Any]) -> bytes:
        return encoded(_changed(sound.message, drawn[0], lambda place, last: place.__setitem__(last, drawn[1])))

    return st.tuples(st.sampled_from(_paths(sound.message)), st.sampled_from(_ODD)).map(put)


def _fields_swapped(sound: _Sound) -> st.SearchStrategy[bytes]:
    def swap(two: tuple[tuple[str, ...], tuple[str, ...]]) -> bytes:
        one, other = two
        first, second = _at(sound.message, one), _at(sound.message, other)
        if one == other[: len(one)] or other == one[: len(other)]:  # One is inside of the other.
            return encoded(_changed(sound.message, one, lambda place, last: place.__setitem__(last, second)))
        half = _changed(sound.message, one, lambda place, last: place.__setitem__(last, second))
        return encoded(_changed(half, other, lambda place, last: place.__setitem__(last, first)))

    paths = st.sampled_from(_paths(sound.message))
    return st.tuples(paths, paths).map(swap)


def _pickled(sound: _Sound) -> st.SearchStrategy[bytes]:
    body = pickle.dumps(([], {"payload": sound.unpickled()}, {}))
    kinds = st.sampled_from(
        ["application/x-python-serialize", "application/json", "application/data", "", "text/plain"]
    )
    codings = st.sampled_from(["binary", "utf-8", "base64", "pickle"])
    return st.tuples(kinds, codings).map(
        lambda t: sound.with_body(body, **{"content-type": t[0], "content-encoding": t[1]})
    )


def _other_content(sound: _Sound) -> st.SearchStrategy[bytes]:
    kinds = st.sampled_from(
        [
            "application/x-yaml",
            "application/x-msgpack",
            "application/data",
            "text/plain",
            "application/text",
            "no/such",
            "\x00",
            "",
        ]
    )
    codings = st.sampled_from(
        ["utf-8", "utf-16", "utf-7", "idna", "rot13", "zlib", "hex", "no-such-coding", "", "binary"]
    )
    return st.tuples(kinds, codings).map(
        lambda t: sound.with_body(sound.body, **{"content-type": t[0], "content-encoding": t[1]})
    )


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "application/x-gzip": zlib.compress,
    "application/x-bz2": bz2.compress,
    "application/x-lzma": lzma.compress,
}


def _compressed(sound: _Sound) -> st.SearchStrategy[bytes]:
    def pack(drawn: tuple[str, str]) -> bytes:
        packed, said = drawn
        return encoded(
            {**sound.with_headers(compression=said), "body": base64.b64encode(_PACKERS[packed](sound.body)).decode()}
        )

    return st.tuples(
        st.sampled_from(sorted(_PACKERS)), st.sampled_from([*sorted(_PACKERS), "gzip", "zstd", "no such"])
    ).map(pack)


def _bomb(sound: _Sound) -> st.SearchStrategy[bytes]:
    def pack(kind: str) -> bytes:
        body = _PACKERS[kind](b"[[], {" + b" " * sound.bomb_bytes + b"}, {}]")
        return encoded({**sound.with_headers(compression=kind), "body": base64.b64encode(body).decode()})

    return st.sampled_from(["application/x-gzip", "application/x-bz2"]).map(pack)


def _huge_headers(sound: _Sound) -> st.SearchStrategy[bytes]:
    grown = st.sampled_from(
        [
            {"argsrepr": "(" * 300_000},
            {f"x-{n}": "y" for n in range(20_000)},
            {"origin": "\u202e" * 50_000},
            {"stamps": {"s": ["z"] * 50_000}},
        ]
    )
    return grown.map(lambda headers: encoded(sound.with_headers(**headers)))


def _absurd_time(sound: _Sound) -> st.SearchStrategy[bytes]:
    times = st.sampled_from([*_FAR, 1e308, -1, 10**400, [], {}])
    names = st.sampled_from(["eta", "expires"])
    limits = st.sampled_from(
        [[0, 0], [-1, -1], ["a", "b"], [1e308, 1e308], [None], [], 5, {}, "ab", [float("nan"), None]]
    )
    either = st.tuples(names, times).map(lambda t: {t[0]: t[1]}) | limits.map(lambda value: {"timelimit": value})
    return either.map(lambda headers: encoded(sound.with_headers(**headers)))


def _other_protocol(sound: _Sound) -> st.SearchStrategy[bytes]:
    headers = sound.message["headers"]
    first = {"task": headers["task"], "id": headers["id"], "args": [], "kwargs": {}, "retries": 0, "eta": None}
    bodies = st.sampled_from(
        [
            first,
            {**first, "protocol": 3},
            {"task": headers["task"]},
            {"id": headers["id"], "task": None, "args": None, "kwargs": None},
            {**first, "kwargs": [1]},
            {**first, "args": "abc", "expires": {}},
            {**first, "taskset": "x", "chord": {}, "callbacks": [1], "utc": "no"},
        ]
    )
    without = st.sampled_from([{}, {"lang": "py"}, {"protocol": 3, "lang": "go"}, None, [], "headers"])
    return st.tuples(bodies, without).map(lambda t: sound.with_body(json.dumps(t[0]).encode(), headers=t[1]))


def _body_of_other_shape(sound: _Sound) -> st.SearchStrategy[bytes]:
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    shapes = st.sampled_from(
        [
            None,
            [],
            {},
            7,
            "text",
            [[], {}],
            [[], {}, embed, 1],
            [{}, [], embed],
            [[], {}, []],
            ["ab", {}, embed],
            [None, None, None],
            [[1, 2, 3, 4, 5], {}, embed],
            [[], {"no_such": 1}, embed],
            {"args": [], "kwargs": {}},
            {"args": 1},
        ]
    )
    return shapes.map(lambda shape: sound.with_body(json.dumps(shape).encode()))


def _nested(sound: _Sound) -> st.SearchStrategy[bytes]:
    depths = st.sampled_from([500, 5_000, 200_000])
    inside = depths.map(lambda depth: sound.with_body(b"[" * depth + b"]" * depth))
    outside = depths.map(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth)
    return inside | outside


def _odd_embed(sound: _Sound) -> st.SearchStrategy[bytes]:
    args, kwargs, embed = json.loads(sound.body)
    name = sound.message["headers"]["task"]
    signature = {
        "task": name,
        "args": [],
        "kwargs": {},
        "options": {},
        "subtask_type": None,
        "immutable": False,
        "chord_size": None,
    }
    values = st.sampled_from(
        [
            [signature],
            signature,
            [[]],
            [1],
            {"task": 5},
            "x",
            [{**signature, "subtask_type": "chord"}],
            [{"options": {"queue": {}}}],
            {},
        ]
    )
    names = st.sampled_from(["callbacks", "errbacks", "chain", "chord", "no such"])
    return st.tuples(names, values).map(
        lambda t: sound.with_body(json.dumps([args, kwargs, {**embed, t[0]: t[1]}]).encode())
    )


def _other_task(sound: _Sound) -> st.SearchStrategy[bytes]:
    names = st.sampled_from(
        [
            "no.such.task",
            "",
            "celery.chord_unlock",
            "celery.backend_cleanup",
            "celery.accumulate",
            "celery.map",
            "celery.group",
            "celery.chain",
            "os.system",
            "\ud800",
            "a" * 70_000,
        ]
    )
    return names.map(lambda name: encoded(sound.with_headers(task=name)))


def _no_message(sound: _Sound) -> st.SearchStrategy[bytes]:
    literal = st.sampled_from(
        [
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
            b'"' + b"x" * (1 << 20) + b'"',
            b'{"properties":{}}',
            b'{"properties":null}',
        ]
    )
    return literal | st.binary(max_size=64)


KINDS: dict[str, Callable[[_Sound], st.SearchStrategy[bytes]]] = {
    "bits flipped": lambda sound: _flipped(sound.raw),
    "truncated": lambda sound: _truncated(sound.raw),
    "no message": _no_message,
    "a field is gone": _field_gone,
    "a field is odd": _field_odd,
    "fields swapped": _fields_swapped,
    "bits of the body flipped": lambda sound: _flipped(sound.body).map(sound.with_body),
    "body truncated": lambda sound: _truncated(sound.body).map(sound.with_body),
    "body of another shape": _body_of_other_shape,
    "body is no base64": lambda sound: st.sampled_from(["*", "====", "a", "\u2028", "\ud800", "YQ"]).map(
        lambda body: encoded({**sound.message, "body": body})
    ),
    "nested beyond reason": _nested,
    "pickle": _pickled,
    "another content": _other_content,
    "compressed": _compressed,
    "decompression bomb": _bomb,
    "huge headers": _huge_headers,
    "absurd time": _absurd_time,
    "another protocol": _other_protocol,
    "odd callbacks": _odd_embed,
    "another task": _other_task,
}
"""How a message is spoilt, by what the reader of a report would call it."""
