"""The whole sweep: several warm systems beside each other, each with the next cell that is left."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from stormproof.errors import ComponentError, RunFolderError, on_purpose
from stormproof.recorder import Recorder
from stormproof.redis_server import Binary
from stormproof.sweep import sheet as sheets
from stormproof.sweep.cells import Cell
from stormproof.sweep.perform import Played, Stage
from stormproof.sweep.points import Point
from stormproof.sweep.sheet import Result, Sheet
from stormproof.system import System
from stormproof.world import World

Done = Callable[[Result], None]
"""Told of each cell that was played."""

T = TypeVar("T")

_TRIES = 2
"""How often a lane whose system could not be brought back is set up anew for the same cell."""


def make_folder(path: Path) -> Path:
    """Make a folder of a sweep. Raises RunFolderError."""
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be made: {error.strerror}; name another folder with --runs") from error
    return path


async def on_stage(
    system: System, folder: Path, binary: Binary, seed: int, story: Callable[[Stage], Awaitable[T]]
) -> T:
    """Start a system, warm it up, and have a story told on it. Raises ComponentError."""
    recorder = Recorder(make_folder(folder) / "history.jsonl")
    run = f"{random.SystemRandom().getrandbits(16):04x}"
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


async def play(sheet: Sheet, system: System, folder: Path, binary: Binary, lanes: int, done: Done) -> None:
    """Play all cells that are left, and keep the sheet on disk as it grows. Raises ComponentError when a cell breaks the system
    for good twice.
    """
    waiting = sheet.left
    tries: dict[str, int] = {}
    gate = asyncio.Lock()
    number = _used_lanes(folder)

    def keep(played: Played, lane: Path) -> None:
        result = Result(
            cell=played.cell,
            outcome=played.outcome,
            lane=lane.name,
            first=played.first,
            last=played.last,
            seconds=played.seconds,
        )
        sheet.results[played.cell] = result
        sheets.save(folder, sheet)
        done(result)

    async def lane() -> None:
        nonlocal number
        while waiting:
            number += 1
            where = folder / f"lane-{number}"
            await gate.acquire()
            released = False

            async def story(stage: Stage, where: Path = where) -> None:
                nonlocal released
                gate.release()
                released = True
                while waiting:
                    cell = waiting.pop(0)
                    try:
                        keep(await stage.play(cell), where)
                    except ComponentError:
                        _once_more(cell)
                        raise

            try:
                await on_stage(system, where, binary, sheet.seed, story)
            except Exception as error:
                if not released or not isinstance(on_purpose(error), ComponentError):
                    raise
            finally:
                if not released:
                    gate.release()

    def _once_more(cell: Cell) -> None:
        tries[cell.id] = tries.get(cell.id, 0) + 1
        if tries[cell.id] < _TRIES:
            waiting.append(cell)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(lanes, len(waiting))):
            group.create_task(lane())


def _used_lanes(folder: Path) -> int:
    return sum(1 for _ in folder.glob("lane-*"))
