"""The whole sweep: several warm systems beside each other, each with the next cell that is left."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from stormproof.engine.world import World
from stormproof.errors import ComponentError, RunFolderError, exhausted, on_purpose
from stormproof.history.recorder import Recorder
from stormproof.processes.interruption import stop_of_this_task
from stormproof.runs import store
from stormproof.spec.choices import Choices
from stormproof.spec.scenario import Scenario, State
from stormproof.spec.system import Binary, System
from stormproof.sweep.cells import Cell
from stormproof.sweep.perform import Stage
from stormproof.sweep.points import Point
from stormproof.sweep.sheet import Result

Done = Callable[[Result], None]
"""Told of each cell that was played."""

T = TypeVar("T")

_TRIES = 2
"""How often a lane whose system could not be brought back is set up anew for the same cell."""


async def on_stage(
    system: System, folder: Path, binary: Binary, seed: int, story: Callable[[Stage], Awaitable[T]]
) -> T:
    """Start a system, warm it up, and have a story told on it. Raises ComponentError."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise exhausted(error) or RunFolderError(f"{folder}: cannot be made: {error.strerror}") from error
    recorder = Recorder(folder / "history.jsonl")
    run = f"{random.SystemRandom().getrandbits(16):04x}"
    # Its folder can be judged as a run's, as far as it went.
    story_of_all = Scenario(name="sweep", title="one fault after the other, on one system")
    store.write_plan(folder, story_of_all, system, State.IDLE, Choices(seed=seed, run=run, submit_at_s=()), binary)
    try:
        async with World(system, folder, recorder, binary, run) as world:
            world.phase("start")
            await world.start()
            stage = Stage(world, seed)
            await stage.warm_up()
            return await story(stage)
    finally:
        recorder.close()


async def record(system: System, folder: Path, binary: Binary) -> tuple[Point, ...]:
    """The fault points of a system, from a calm run. Raises ComponentError."""
    return await on_stage(system, folder, binary, 0, lambda stage: stage.record())


async def play(
    cells: Sequence[Cell], system: System, folder: Path, binary: Binary, seed: int, lanes: int, done: Done
) -> None:
    """Play cells, `lanes` at a time, each lane on a warm system of its own; only one system starts at a time. Raises ComponentError
    where a system does not start. A cell that breaks its system for good is tried once more on a new one, and then left.
    """
    waiting = list(cells)
    tries = Counter[str]()
    gate = asyncio.Lock()
    raise_if_told_to_stop = stop_of_this_task()
    numbers = itertools.count(1 + sum(1 for _ in folder.glob("lane-*")))

    async def lane() -> None:
        while waiting:
            where = folder / f"lane-{next(numbers)}"
            started = asyncio.Event()

            async def story(stage: Stage, started: asyncio.Event = started) -> None:
                gate.release()
                started.set()
                await _play_on(stage)

            await gate.acquire()
            try:
                await on_stage(system, where, binary, seed, story)
            except Exception as error:
                raise_if_told_to_stop()
                if not started.is_set() or not isinstance(on_purpose(error), ComponentError):
                    raise
            finally:
                if not started.is_set():
                    gate.release()

    async def _play_on(stage: Stage) -> None:
        while waiting:
            cell = waiting.pop(0)
            tries[cell.id] += 1
            try:
                result = await stage.play(cell)
                if not result.reached:
                    await stage.renew(cell.point.component)
                    result = await stage.play(cell)
            except ComponentError:
                raise_if_told_to_stop()
                if tries[cell.id] < _TRIES:
                    waiting.append(cell)
                raise
            done(result)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(lanes, len(waiting))):
            group.create_task(lane())
