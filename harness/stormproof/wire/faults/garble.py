"""Change the bytes of a reply, as broken memory, a broken proxy, or a client that mixed up two connections does."""

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
"""How a line begins that gives the length of a string or the number of elements that follow."""


class Garble(WireFault, frozen=True, kw_only=True, tag="garble"):
    """`part` selects what changes. `type`: the type byte becomes one that does not exist. `length`: the length of a
    string or array is one too large (if there is none, the type changes). `payload`: its bytes are altered; its length
    and line ends stay.
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
    """Every line except those that give a length, with the seventh bit of each byte flipped."""
    lines = raw.split(b"\r\n")
    return b"\r\n".join(line if line[:1] in _LENGTHS else _flip(line) for line in lines)


def _flip(line: bytes) -> bytes:
    head = line[:1] if line[:1] in b"+-:_#,(" else b""
    return head + bytes(byte ^ 0x40 for byte in line[len(head) :])
