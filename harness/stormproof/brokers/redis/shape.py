"""Names for frames that are the same from run to run, because every random or counted part is replaced."""

from __future__ import annotations

import re
from functools import lru_cache

from stormproof.brokers.redis.resp import words
from stormproof.history import KEY_PATTERN
from stormproof.spec.trigger import LOOK_BYTES

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID_BYTES = re.compile(f"{_UUID}|{KEY_PATTERN}".encode())
_ID_TEXT = re.compile(f"{_UUID}|{KEY_PATTERN}|[0-9a-f]{{12,}}")
_NUMBER = re.compile(r"\d{3,}")
_HOST = re.compile(r"@[^/\s]+?(?=\.celery|$|/)")
_SHAPE_LENGTH = 60

_SECOND_KEY = frozenset({"OBJECT", "MEMORY", "XGROUP", "XINFO", "BITOP"})
_THIRD_KEY = frozenset({"EVAL", "EVALSHA", "FCALL", "EVAL_RO", "EVALSHA_RO", "FCALL_RO"})
_KEYLESS = frozenset(
    {"AUTH", "HELLO", "SELECT", "PING", "ECHO", "QUIT", "MULTI", "EXEC", "DISCARD", "INFO", "SCAN", "WAIT"}
)

BLOCKING = frozenset(
    {"BRPOP", "BLPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "XREAD", "XREADGROUP"}
)
"""Requests that block until there is an answer. Until then they are not part of a task's life."""


@lru_cache(maxsize=4096)
def shape(key: bytes) -> str:
    """A key or channel with its ids (`*`) and long numbers (`#`) replaced; kombu's priority separator is shown as `:`."""
    text = key[:200].decode("utf-8", "replace").replace("\x06\x16", ":")
    text = _NUMBER.sub("#", _HOST.sub("@*", _ID_TEXT.sub("*", text)))
    return "".join(c if c.isprintable() and c not in "() " else "?" for c in text)[:_SHAPE_LENGTH]


def name(raw: bytes) -> tuple[str, str]:
    """Command in capitals and shape of the first key of a request; ("", "") for an empty one."""
    found = words(raw)
    if not found:
        return "", ""
    command = found[0].decode("ascii", "replace").upper()[:40]
    if command in _KEYLESS:
        return command, ""
    at = 3 if command in _THIRD_KEY else 2 if command in _SECOND_KEY else 1
    return command, shape(found[at]) if len(found) > at else ""


def ids(raw: bytes) -> tuple[str, ...]:
    """The task ids, delivery tags and submission keys in a frame's first bytes, each once, in their order."""
    return tuple(dict.fromkeys(found.decode() for found in _ID_BYTES.findall(raw[:LOOK_BYTES])))
