"""Have the server execute a request twice, as a retry below the client does whose first answer was lost."""

from __future__ import annotations

import random
from collections.abc import Mapping

from stormproof.history import WireDirection
from stormproof.spec.fault import Fault
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Pass, Repeat
from stormproof.wire.faults.base import WireFault


class Duplicate(WireFault, frozen=True, kw_only=True, tag="duplicate"):
    """The component sees one reply, that to the first. A request beyond 32 KiB is not kept, and not repeated."""

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"duplicate": cls()}

    def can_be_at(self, direction: WireDirection, command: str) -> bool:
        return direction == "request"

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Repeat() if moment and moment.whole else Pass()]
