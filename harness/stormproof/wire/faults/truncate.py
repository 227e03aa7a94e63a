"""Cut a reply short and end the connection, as a proxy that dies while it writes does."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

from stormproof.history import WireDirection
from stormproof.spec.fault import Fault
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Close, Write
from stormproof.wire.faults.base import WireFault


class Truncate(WireFault, frozen=True, kw_only=True, tag="truncate"):
    """The first `keep_bytes` arrive, then the connection ends (at least the last byte is missing)."""

    keep_bytes: int = 3
    direction: ClassVar[WireDirection] = "reply"

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"truncate": cls()}

    def can_be_at(self, direction: WireDirection, command: str) -> bool:
        return direction == "reply"

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        raw = moment.raw if moment else b""
        return [Write(raw[: min(self.keep_bytes, len(raw) - 1)]), Close("fin")]
