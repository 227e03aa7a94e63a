"""One test's share of what a live system lives through: its history reads as that of a run of its own."""

from __future__ import annotations

import asyncio

from stormproof.drivers.clients import Clients
from stormproof.engine import experiment
from stormproof.engine.quiescence import settle
from stormproof.engine.world import World
from stormproof.errors import ComponentError, DescriptionError, UnreachableError
from stormproof.history import Closed, Fault, History

_SETTLE_S = 45.0
_QUIET_S = 5.0
_BACK_S = 30.0


class Episode:
    """Begins when it is made, in the world's own thread. `run`: the four hexadecimal digits that mark its submissions."""

    def __init__(self, world: World, run: str) -> None:
        self._world, self._places = world, 0
        world.run = run
        world.clients = Clients(world.driver, world.system, world.recorder)
        self.first = len(world.recorder.events)

    async def begin(self) -> None:
        """Note how everything is, as a run would that had started it."""
        self._world.phase("start")
        for replica in self._world.replicas:
            replica.still_ready()
        await self._look()
        self._world.phase("storm")

    async def _look(self) -> None:
        for server in self._world.stores.values():
            await self._world.look_at(server)

    def next_key(self) -> str:
        """The key of the next submission."""
        self._places += 1
        return self._world.key(self._places - 1)

    @property
    def struck(self) -> bool:
        """Whether a fault was injected in it."""
        return any(isinstance(event, Fault) for event in self._world.recorder.events[self.first :])

    async def end(self) -> History:
        """See it through as a run is: recover, settle, read. All faults must have been healed."""
        world = self._world
        world.phase("recover")
        async with asyncio.TaskGroup() as clients:
            if self.struck:
                await experiment.recover(world, clients)
            world.phase("settle")
            await settle(world, _SETTLE_S)
            world.clients.stop()
        world.phase("read")
        await world.clients.read_all()
        await self._look()  # A short test may be over before the next sample.
        world.phase("stop")
        events = world.recorder.events[self.first :]
        return History([*events, Closed.of(events)])


async def tidy(world: World) -> bool:
    """Make the system as the next test wants to find it: up, quiet, empty. False where it cannot be so, and must be started anew."""
    replicas = [replica for replica in world.replicas if replica.spec.in_storms]
    try:
        for replica in replicas:
            if replica.spec.restart == "never":
                await replica.start_again()
        if not await world.recorder.until(lambda: all(replica.is_ready for replica in replicas), _BACK_S):
            return False
        await experiment.one_task(
            world, world.system.promises.recovery_s
        )  # A worker that is up, and consumes nothing, looks quiet.
        if not (await settle(world, _QUIET_S)).proved:
            return False
        for server in world.stores.values():
            await server.empty()
    except (ComponentError, DescriptionError, UnreachableError, OSError):
        return False
    return True
