"""A fault that its holder begins and ends, instead of a schedule."""

from __future__ import annotations

import asyncio
import random

from stormproof.engine import nemesis
from stormproof.engine.world import World
from stormproof.history import Fault as FaultEvent
from stormproof.history import FaultStage
from stormproof.spec.scenario import Injection
from stormproof.wire.faults import WireFault

_BITE_S = 5.0


class Strike:
    """One injection. `number` names it in the history; `seed` is for its choices."""

    def __init__(self, world: World, number: str, injection: Injection, seed: int) -> None:
        self.number, self.injection = number, injection
        self._world = world
        self._dice = random.Random(f"{seed}/{number}")
        self._first = len(world.recorder.events)

    async def begin(self) -> None:
        """Inject the fault. Returns when it is in force, or has bitten."""
        world = self._world
        self._heal, before = asyncio.Event(), world.links.in_force
        self._task = asyncio.create_task(nemesis.inject(world, self.number, self.injection, self._dice, self._heal))
        on_the_wire = self.injection.when is not None or isinstance(self.injection.fault, WireFault)

        def in_force() -> bool:
            return self._task.done() or (world.links.in_force > before if on_the_wire else bool(self.bit))

        await world.recorder.until(in_force, _BITE_S)

    async def end(self) -> None:
        """Heal the fault."""
        self._heal.set()
        await self._task

    @property
    def bit(self) -> str:
        """The proof that the fault bit; empty as long as there is none."""
        return self._said("bit")

    @property
    def failed(self) -> str:
        """Why the fault could not be injected; empty if it could."""
        return self._said("failed")

    def _said(self, stage: FaultStage) -> str:
        events = self._world.recorder.events[self._first :]
        told = (event for event in events if isinstance(event, FaultEvent) and event.fault == self.number)
        return next((event.detail for event in told if event.stage == stage), "")

    def __str__(self) -> str:
        when = self.injection.when
        which = f" at a {when.direction} {when.frame}" if when else ""
        return f"{self.injection.fault.name} on {nemesis.target(self.injection)}{which}"
