"""Reset a connection, as a proxy that restarts or a NAT table that is full does."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

from stormproof.spec.fault import Fault
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Close
from stormproof.wire.faults.base import Greeting, WireFault


class Reset(WireFault, frozen=True, kw_only=True, tag="reset"):
    """Both ends see `Connection reset by peer`. At a request: before the server receives it. At a reply: the server has
    executed the request, and the reply is lost. `new`: connections that are opened while it lasts are accepted, and
    then reset.
    """

    new: bool = False
    at_once: ClassVar[bool] = True

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"reset": cls()}

    @property
    def greeting(self) -> Greeting:
        return "reset" if self.new else "accept"

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Close("reset")]
