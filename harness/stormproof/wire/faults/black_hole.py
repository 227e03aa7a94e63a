"""Drop bytes without a sign, as a firewall or a NAT that has forgotten the connection does: there is no FIN and no
reset.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

from stormproof.spec.fault import Fault
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Side, Swallow
from stormproof.wire.faults.base import Greeting, WireFault


class BlackHole(WireFault, frozen=True, kw_only=True, tag="black_hole"):
    """What comes from `origin` (None: both sides) is dropped. A connection that it has struck stays dead after the
    heal, because the dropped bytes cannot come back. `new`: so do connections that are opened while it lasts.
    """

    origin: Side | None = None
    new: bool = True
    at_once: ClassVar[bool] = True

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"black_hole": cls(new=False)}

    @property
    def greeting(self) -> Greeting:
        return "swallow" if self.new else "accept"

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Swallow(self.origin)]
