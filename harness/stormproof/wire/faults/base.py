"""The common base of the faults of the wire."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import ClassVar, Literal

from stormproof.history import WireDirection
from stormproof.spec.fault import Fault
from stormproof.spec.system import System
from stormproof.spec.trigger import Moment, Trigger
from stormproof.wire.actions import Action, Pass

Greeting = Literal["accept", "refuse", "reset", "swallow"]


class WireFault(Fault, frozen=True, kw_only=True):
    """A fault of the wire. It is pure: it receives a frame and returns actions.

    Without a trigger, it strikes the links between `component` and `store` (a server of the description; `*`: any):
    with `at_once` the existing connections, otherwise each frame of its `direction`. With a trigger, it strikes the
    frames that the trigger meets.
    """

    component: str = "*"
    store: str = "*"

    on_the_wire: ClassVar[bool] = True
    at_once: ClassVar[bool] = False
    direction: ClassVar[WireDirection] = "request"

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=name) for name in system.in_storms("worker", "api")]

    def why_not(self, system: System) -> str:
        """Why there is no link to strike."""
        return system.lacks_link(self.component, self.store)

    @property
    def everywhere(self) -> Trigger:
        """The trigger to use if none is given: each frame, as long as the fault lasts."""
        return Trigger(component=self.component, store=self.store, direction=self.direction, times=0)

    @property
    def greeting(self) -> Greeting:
        """How a connection that is opened while the fault lasts is treated."""
        return "accept"

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        """The actions for a frame or, with None, for a connection. `dice` is the run's random generator."""
        raise NotImplementedError

    def carry_on(self, data: bytes) -> list[Action]:
        """The actions for the later bytes of a frame that is too large to be met whole."""
        return [Pass()]
