"""Messages that are not as they should be: what a wrong client, a broken wire or an attacker puts into a queue."""

from __future__ import annotations

import base64
import bz2
import json
import lzma
import pickle
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from stormproof.serializers.exact import brief
from stormproof.serializers.strategies.messages import Envelope, encoded
from stormproof.serializers.strategies.spoilt import (
    Document,
    field_gone,
    field_odd,
    fields_swapped,
    flipped,
    no_document,
    truncated,
)

_FAR = [
    *("9999-12-31T23:59:59.999999+00:00", "2999-01-01T00:00:00", "0001-01-01T00:00:00", "2026-02-30T00:00:00"),
    *("tomorrow", "", "9" * 400, 1e308, -1, 10**400, [], {}),
]
_CODINGS = "binary utf-8 utf-16 utf-7 idna rot13 zlib hex base64 pickle no-such-coding".split()
_CONTENTS = [
    "",
    "\x00",
    *"application/x-yaml application/x-msgpack application/data application/text text/plain no/such".split(),
]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One message for a queue: `kind` names how it was spoilt, `raw` is what to push."""

    kind: str
    raw: bytes

    def __repr__(self) -> str:
        return f"Hostile({self.kind!r}, {brief(self.raw)})"


def hostile_messages(
    sound: Envelope, *, kinds: Collection[str] = (), unpickled: Callable[[], Any] = dict, bomb_bytes: int = 64 << 20
) -> st.SearchStrategy[Hostile]:
    """All that can be wrong with the message `sound`, or some `kinds` of it, each as often as any other.

    `unpickled` makes an object for pickled bodies that would tell if anybody unpickled it. Bodies that are compressed grow to `bomb_bytes`.
    """
    spoil = _Sound(sound, unpickled, bomb_bytes)
    chosen = st.sampled_from(sorted(kinds or KINDS))
    return chosen.flatmap(lambda kind: KINDS[kind](spoil).map(lambda raw: Hostile(kind, raw)))


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


def _pickled(sound: _Sound) -> st.SearchStrategy[bytes]:
    body = pickle.dumps(([], {"payload": sound.unpickled()}, {}))
    return _said_to_be(sound, body, ["application/x-python-serialize", "application/json", *_CONTENTS])


def _other_content(sound: _Sound) -> st.SearchStrategy[bytes]:
    return _said_to_be(sound, sound.body, _CONTENTS)


def _said_to_be(sound: _Sound, body: bytes, contents: list[str]) -> st.SearchStrategy[bytes]:
    def say(content: str, coding: str) -> bytes:
        return sound.with_body(body, **{"content-type": content, "content-encoding": coding})

    return st.builds(say, st.sampled_from(contents), st.sampled_from(_CODINGS))


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
    def say(kind: str) -> bytes:
        return encoded({**sound.with_headers(compression=kind), "body": _packed_bomb(kind, sound.bomb_bytes)})

    return st.sampled_from(["application/x-gzip", "application/x-bz2"]).map(say)


@cache
def _packed_bomb(kind: str, size_bytes: int) -> str:
    return base64.b64encode(_PACKERS[kind](b"[[], {" + b" " * size_bytes + b"}, {}]")).decode()


def _huge_headers(sound: _Sound) -> st.SearchStrategy[bytes]:
    grown: st.SearchStrategy[Any] = st.sampled_from(
        [
            {"argsrepr": "(" * 300_000},
            {f"x-{n}": "y" for n in range(20_000)},
            {"origin": "\u202e" * 50_000},
            {"stamps": {"s": ["z"] * 50_000}},
        ]
    )
    return grown.map(lambda headers: encoded(sound.with_headers(**headers)))


def _absurd_time(sound: _Sound) -> st.SearchStrategy[bytes]:
    times = st.sampled_from(_FAR)
    names = st.sampled_from(["eta", "expires"])
    limits: st.SearchStrategy[Any] = st.sampled_from(
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
    without: st.SearchStrategy[Any] = st.sampled_from(
        [{}, {"lang": "py"}, {"protocol": 3, "lang": "go"}, None, [], "headers"]
    )
    return st.tuples(bodies, without).map(lambda t: sound.with_body(json.dumps(t[0]).encode(), headers=t[1]))


def _body_of_other_shape(sound: _Sound) -> st.SearchStrategy[bytes]:
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    shapes: st.SearchStrategy[Any] = st.sampled_from(
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
    def nest(depth: int) -> bytes:
        return b"[" * depth + b"]" * depth

    depths = st.sampled_from([300, 900, 5_000, 100_000])
    body = depths.map(lambda depth: sound.with_body(nest(depth)))
    arguments = depths.map(lambda depth: sound.with_body(b'[[], {"content": ' + nest(depth) + b"}, {}]"))
    return body | arguments | depths.map(nest)


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
    values: st.SearchStrategy[Any] = st.sampled_from(
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


def hostile_results(sound: Document) -> st.SearchStrategy[bytes]:
    """What may stand under a result's key in place of `sound`, which a backend has stored."""
    raw = encoded(sound)
    return st.one_of(
        no_document(), field_gone(sound), field_odd(sound), fields_swapped(sound), truncated(raw), flipped(raw)
    )


KINDS: dict[str, Callable[[_Sound], st.SearchStrategy[bytes]]] = {
    "bits flipped": lambda sound: flipped(sound.raw),
    "truncated": lambda sound: truncated(sound.raw),
    "no message": lambda _: no_document(),
    "a field is gone": lambda sound: field_gone(sound.message),
    "a field is odd": lambda sound: field_odd(sound.message),
    "fields swapped": lambda sound: fields_swapped(sound.message),
    "bits of the body flipped": lambda sound: flipped(sound.body).map(sound.with_body),
    "body truncated": lambda sound: truncated(sound.body).map(sound.with_body),
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
