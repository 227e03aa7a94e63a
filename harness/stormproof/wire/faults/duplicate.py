"""Make the server execute a request twice, as a retry below the client does when the first answer is lost."""

from __future__ import annotations

import random
from collections.abc import Mapping

from stormproof.history import WireDirection
from stormproof.spec.fault import Fault
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Pass, Repeat
from stormproof.wire.faults.base import WireFault


class Duplicate(WireFault, frozen=True, kw_only=True, tag="duplicate"):
    """The component sees only the reply to the first request. Requests over 32 KiB are not kept, and so not repeated."""

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"duplicate": cls()}

    def can_be_at(self, direction: WireDirection, command: str) -> bool:
        return direction == "request"

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Repeat() if moment and moment.whole else Pass()]
