"""Close one direction of a connection, as a peer does that has stopped writing and still reads."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

from stormproof.spec.fault import Fault
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Close, Pass, Side
from stormproof.wire.faults.base import WireFault


class HalfClose(WireFault, frozen=True, kw_only=True, tag="half_close"):
    """`side` receives a FIN: nothing more will come. What it writes still arrives. The frame itself goes on."""

    side: Side = "component"
    at_once: ClassVar[bool] = True

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"half_close": cls()}

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Pass(), Close("fin", self.side)]
