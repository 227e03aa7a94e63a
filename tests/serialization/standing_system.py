"""A system on real processes that stands beside tests which are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from stormproof.brokers.redis.server import find_binary
from stormproof.engine.world import World
from stormproof.history.recorder import Recorder
from stormproof.spec.choices import drawn_run
from stormproof.spec.system import System

T = TypeVar("T")
_WITHIN_S = 60


class Standing:
    """A world in a thread of its own; `call` runs a coroutine there."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self.world, self._loop = world, loop

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result, or what it raised; TimeoutError after a minute."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WITHIN_S)

    def log(self, component: str, since: int = 0) -> str:
        """What a component has said since that position in its log."""
        return (self.world.folder / "logs" / f"{component}.log").read_bytes()[since:].decode(errors="replace")


@contextmanager
def standing(
    system: System, folder: Path, prepare: Callable[[World, Recorder], None] = lambda world, recorder: None
) -> Iterator[Standing]:
    """Start everything, and stop it in every ending; `prepare` changes the world before it begins. Raises what the start raises."""
    started, stop = threading.Event(), threading.Event()
    found: list[Standing] = []
    failed: list[BaseException] = []

    async def stand() -> None:
        recorder = Recorder(folder / "history.jsonl")
        try:
            world = World(system, folder, recorder, find_binary(), drawn_run())
            prepare(world, recorder)
            async with world:
                await world.start()
                found.append(Standing(world, asyncio.get_running_loop()))
                started.set()
                await asyncio.to_thread(stop.wait)
        finally:
            recorder.close()

    def run() -> None:
        try:
            asyncio.run(stand())
        except BaseException as error:
            failed.append(error)
        started.set()

    thread = threading.Thread(target=run, name="standing")
    thread.start()
    try:
        started.wait()
        if failed:
            raise failed[0]
        yield found[0]
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]
