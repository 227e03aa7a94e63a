"""The whole sweep: several warm systems in parallel, each playing the next cell that is left."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from stormproof.errors import ComponentError, RunFolderError, exhausted, on_purpose
from stormproof.processes.interruption import stop_of_this_task
from stormproof.session.session import Session
from stormproof.spec.scenario import Scenario
from stormproof.spec.system import System
from stormproof.spec.tables import Binary
from stormproof.sweep.cells import Cell
from stormproof.sweep.perform import Stage
from stormproof.sweep.points import Point
from stormproof.sweep.sheet import Result

Done = Callable[[Result], None]
"""Told of each cell that was played."""

T = TypeVar("T")

_TRIES = 2
"""How often a lane gets a new system for the same cell if its system could not be brought back."""


async def on_stage(
    system: System, folder: Path, binary: Binary, seed: int, story: Callable[[Stage], Awaitable[T]]
) -> T:
    """Start a system, warm it up, and run a story on it. Raises ComponentError."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise exhausted(error) or RunFolderError(f"{folder}: cannot be made: {error.strerror}") from error
    # Its folder can be judged as a run's, as far as it went.
    story_of_all = Scenario(name="sweep", title="one fault after the other, on one system")
    async with Session.open(system, folder, binary, seed, story=story_of_all) as session:
        stage = Stage(session)
        await stage.warm_up()
        return await story(stage)


async def record(system: System, folder: Path, binary: Binary) -> tuple[Point, ...]:
    """Return the fault points of a system, from a calm run. Raises ComponentError."""
    return await on_stage(system, folder, binary, 0, lambda stage: stage.record())


async def play(
    cells: Sequence[Cell], system: System, folder: Path, binary: Binary, seed: int, lanes: int, done: Done
) -> None:
    """Play cells, `lanes` at a time, each lane on its own warm system. Only one system starts at a time.

    A cell that breaks its system for good is tried once more on a new one, and then left unplayed. Raises ComponentError
    if a system does not start.
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
