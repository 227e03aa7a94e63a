"""Close one way of a connection, as a peer that has stopped writing and still reads."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

from stormproof.spec.fault import Fault
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Close, Pass, Side
from stormproof.wire.faults.base import WireFault


class HalfClose(WireFault, frozen=True, kw_only=True, tag="half_close"):
    """`side` is told (FIN) that nothing more will come; what it writes still arrives. The frame itself goes on."""

    side: Side = "component"
    at_once: ClassVar[bool] = True

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"half_close": cls()}

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Pass(), Close("fin", self.side)]
