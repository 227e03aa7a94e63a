"""Refuse connections, as a server that is down does, or a firewall that rejects them."""

from __future__ import annotations

import random
from typing import ClassVar, Literal

from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Close, Pass
from stormproof.wire.faults.base import Greeting, WireFault


class Refuse(WireFault, frozen=True, kw_only=True, tag="refuse"):
    """New connections are refused while it lasts; `existing` ones are reset, or kept."""

    existing: Literal["reset", "keep"] = "reset"
    at_once: ClassVar[bool] = True

    @property
    def greeting(self) -> Greeting:
        return "refuse"

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Close("reset")] if self.existing == "reset" else [Pass()]
