"""Make frames arrive late, as over a long distance, with a busy server, or when a network is cut and restored."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import ClassVar

from stormproof.spec.fault import Fault
from stormproof.spec.system import System
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Pass, Wait
from stormproof.wire.faults.base import WireFault


class Delay(WireFault, frozen=True, kw_only=True, tag="delay"):
    """Each frame waits `delay_ms`, and up to `jitter_ms` more. If `delay_ms` is None, it waits until the fault is
    healed.
    """

    delay_ms: float | None
    jitter_ms: float = 0.0

    swept_s: ClassVar[float] = 3.0
    """Longer than common socket timeouts for a nearby server."""

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"delay": cls(delay_ms=None)}

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=name, delay_ms=250) for name in system.in_storms("worker", "api")]

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        if self.delay_ms is None:
            return [Wait(None), Pass()]
        return [Wait((self.delay_ms + dice.uniform(0, self.jitter_ms)) / 1000), Pass()]
