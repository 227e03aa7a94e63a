"""Change the bytes of a reply, as broken memory, a broken proxy, or a client that mixed up two connections."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar, Literal

from stormproof.history import WireDirection
from stormproof.spec.fault import Fault
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Write
from stormproof.wire.faults.base import WireFault

_LENGTHS = (b"$", b"*", b"%", b"~", b"=", b"!", b">", b"|")
"""How a line begins that says how long a string is, or how many elements follow."""


class Garble(WireFault, frozen=True, kw_only=True, tag="garble"):
    """`part`: the `type` byte becomes one that does not exist; the `length` of a string or array is one too large (where there is
    none, the type); the `payload`'s bytes are turned over, its length and ends of lines stay.
    """

    part: Literal["type", "length", "payload"] = "type"
    direction: ClassVar[WireDirection] = "reply"

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"garble": cls()}

    def can_be_at(self, direction: WireDirection, command: str) -> bool:
        return direction == "reply"

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        raw = moment.raw if moment else b""
        if self.part == "payload":
            return [Write(_turned_over(raw))]
        if self.part == "length" and raw[:1] in _LENGTHS and raw[1:2] != b"-":
            head, line, rest = raw.partition(b"\r\n")
            return [Write(b"%b%d" % (head[:1], int(head[1:]) + 1) + line + rest)]
        return [Write(b"\x00" + raw[1:])]


def _turned_over(raw: bytes) -> bytes:
    """Every line but those that say a length, with each byte's seventh bit changed."""
    lines = raw.split(b"\r\n")
    return b"\r\n".join(line if line[:1] in _LENGTHS else _flip(line) for line in lines)


def _flip(line: bytes) -> bytes:
    head = line[:1] if line[:1] in b"+-:_#,(" else b""
    return head + bytes(byte ^ 0x40 for byte in line[len(head) :])
