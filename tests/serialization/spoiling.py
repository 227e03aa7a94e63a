"""What becomes of a message that is spoilt: pure, bytes to bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from machine import Spoiling


def spoilt(raw: bytes, how: Spoiling) -> bytes:
    """The message as it stands in the queue, changed."""
    return _flipped(raw, how) if how.kind == "flip" else KINDS[how.kind](raw)


def _flipped(raw: bytes, how: Spoiling) -> bytes:
    # The properties come last, and hold random ids: a flip there would not do the same twice.
    end = raw.find(b'"properties"')
    flipped = bytearray(raw)
    flipped[how.place % (end if end > 0 else len(raw))] ^= 1 << how.bit
    return bytes(flipped)


def _changed(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    def changed(raw: bytes) -> bytes:
        try:
            message = json.loads(raw)
            change(message)
        except (ValueError, LookupError, TypeError):
            return raw  # It was spoilt before.
        return json.dumps(message).encode()

    return changed


def _cut_body(message: dict[str, Any]) -> None:
    message["body"] = base64.b64encode(base64.b64decode(message["body"])[:-1]).decode()


def _other_arguments(message: dict[str, Any]) -> None:
    args, kwargs, embed = json.loads(base64.b64decode(message["body"]))
    kwargs["recipient"] = "somebody.else@example.org"
    message["body"] = base64.b64encode(json.dumps([args, kwargs, embed]).encode()).decode()


KINDS: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda raw: b"\x93garbage\xff{",
    "body": _changed(_cut_body),
    "task": _changed(lambda message: message["headers"].update(task="nobody.knows_this")),
    "no id": _changed(lambda message: message["headers"].pop("id")),
    "other arguments": _changed(_other_arguments),
}
