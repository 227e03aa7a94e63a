"""Let bytes through slowly, as a saturated network card does."""

from __future__ import annotations

import random
from collections.abc import Iterable

from stormproof.spec.fault import Fault
from stormproof.spec.system import System
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Wait, Write
from stormproof.wire.faults.base import WireFault

_SLICES_PER_S = 20


class Bandwidth(WireFault, frozen=True, kw_only=True, tag="bandwidth"):
    """At most `bytes_per_s` bytes a second pass, counted separately for each connection."""

    bytes_per_s: int

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=name, bytes_per_s=10_000) for name in system.in_storms("worker", "api")]

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return self.carry_on(moment.raw) if moment else []

    def carry_on(self, data: bytes) -> list[Action]:
        size = max(self.bytes_per_s // _SLICES_PER_S, 1)
        slices = [data[at : at + size] for at in range(0, len(data), size)]
        return [action for part in slices for action in (Wait(len(part) / self.bytes_per_s, in_turn=True), Write(part))]
