"""The one loop: run a scenario on a system, record what happens, and prove that it is over. Judging comes later."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import msgspec

from stormproof import nemesis
from stormproof.errors import ComponentError
from stormproof.faults import Misbehave
from stormproof.history import History
from stormproof.recorder import Recorder
from stormproof.redis_server import Binary
from stormproof.scenario import Scenario, State
from stormproof.settle import settle
from stormproof.states import bring_into, release
from stormproof.system import System
from stormproof.workload import Workload
from stormproof.world import World

_WARMUP_PLACE = 8000
_RECOVERY_PLACE = 7000
_WARMUP_S = 20.0

Watch = Callable[[str], None]
"""Told the name of each phase as it begins."""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """All that is left to chance in a run, as it was drawn. A replay takes these, not the seed.

    `run`: the four hexadecimal digits in the run's keys. `submit_at_s`: when each submission of the workload is due.
    """

    seed: int
    run: str
    submit_at_s: tuple[float, ...]

    @classmethod
    def draw(cls, scenario: Scenario, seed: int) -> Choices:
        """Draw for a scenario. Arrivals are a Poisson process: users do not come at even distances."""
        generator = random.Random(seed)
        due, at_s = [], 0.0
        for _ in range(scenario.workload.tasks):
            due.append(round(at_s, 3))
            at_s += min(generator.expovariate(scenario.workload.rate_per_s), 4 / scenario.workload.rate_per_s)
        return cls(seed=seed, run=f"{generator.getrandbits(16):04x}", submit_at_s=tuple(due))


async def run(
    scenario: Scenario,
    system: System,
    state: State,
    choices: Choices,
    folder: Path,
    binary: Binary,
    watch: Watch = lambda phase: None,
    gate: AbstractAsyncContextManager[object] | None = None,
    *,
    armed: bool = True,
) -> History:
    """Run it once and return the history, which is also in `folder`. Everything that was started is gone on return. Not `armed`: no
    fault strikes, as a control of the checks.

    Raises ComponentError where the system does not start, DescriptionError where it has not what a fault strikes.
    """
    recorder = Recorder(folder / "history.jsonl")
    try:
        async with World(system, folder, recorder, binary, choices.run) as world:

            def phase(name: str) -> None:
                world.phase(name)
                watch(name)

            nemesis.check(world, scenario.storm)
            async with gate or nullcontext():
                phase("start")
                await world.start()
            phase("warmup")
            await one_task(world)
            phase("state")
            await bring_into(world, state)
            phase("storm")
            async with asyncio.TaskGroup() as clients:
                load = scenario.workload if armed else msgspec.structs.replace(scenario.workload, copies=1)
                workload = clients.create_task(_workload(world, load, choices, clients))
                await asyncio.gather(
                    nemesis.storm(world, scenario.storm, choices.seed, armed=armed),
                    _hold(world, scenario.workload.held_s),
                )
                phase("recover")
                release(world)
                if scenario.storm:
                    await recover(world, clients)
                await workload
                phase("settle")
                await settle(world, scenario.settle_s)
                world.clients.stop()
            phase("read")
            await world.clients.read_all()
            phase("stop")
    finally:
        recorder.close()
    return History(recorder.events)


async def one_task(world: World, within_s: float = _WARMUP_S) -> None:
    """One task through the whole system before any fault: what does not work in calm proves nothing in a storm. Raises ComponentError."""
    # A system that has just started, on a busy machine, may say that it is to be tried again later.
    deadline = world.recorder.now() + within_s
    for place in itertools.count(_WARMUP_PLACE):
        key = world.key(place)
        submitted = await world.clients.submit(key, purpose="warmup")
        if submitted.outcome == "ok":
            break
        if world.recorder.now() > deadline:
            raise ComponentError(f"the system took no task within {within_s:g} s before the storm: {submitted.error}")
        await asyncio.sleep(0.25)
    if not await world.recorder.until(lambda: submitted.task_id in world.picture.ended, within_s):
        raise ComponentError(f"the system did not end a task within {within_s:g} s before the storm; see its logs")
    await world.clients.follow(key, submitted.task_id, every_s=0.05, purpose="warmup", within_s=within_s)


async def _workload(world: World, load: Workload, choices: Choices, clients: asyncio.TaskGroup) -> None:
    """Submit everything when it is due, whatever became of what came before, and have each task followed."""
    began = world.recorder.now()

    async def client(place: int, copy: int, due_s: float) -> None:
        await asyncio.sleep(began + due_s - world.recorder.now())
        number = (place * load.copies + copy) % load.clients
        submitted = await world.clients.submit(world.key(place), number)
        if submitted.outcome == "ok":
            follow = world.clients.follow(world.key(place), submitted.task_id, every_s=load.poll_s, client=number)
            clients.create_task(follow)

    await asyncio.gather(
        *(client(place, copy, due) for place, due in enumerate(choices.submit_at_s) for copy in range(load.copies))
    )


async def _hold(world: World, held_s: float) -> None:
    if held_s:
        async with Misbehave(do="hold").strike(world):
            await asyncio.sleep(held_s)


async def recover(world: World, clients: asyncio.TaskGroup) -> None:
    """New tasks, one a second, until one of them has ended or the promise is broken."""
    healed_t = world.recorder.now()
    recovered = asyncio.Event()

    async def one(place: int) -> None:
        submitted = await world.clients.submit(world.key(place), purpose="recovery")
        if submitted.outcome != "ok":
            return
        if await world.clients.follow(world.key(place), submitted.task_id, every_s=0.25, purpose="recovery"):
            recovered.set()

    place = _RECOVERY_PLACE
    while not recovered.is_set() and world.recorder.now() < healed_t + world.system.promises.recovery_s + 1:
        clients.create_task(one(place))
        place += 1
        await world.recorder.until(recovered.is_set, within_s=1)
