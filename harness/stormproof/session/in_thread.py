"""A system that runs in its own thread, for callers that block."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from stormproof.errors import ComponentError
from stormproof.session.session import Session
from stormproof.spec.system import System
from stormproof.spec.tables import Binary

T = TypeVar("T")


class Live:
    """A thread with an event loop and a session. Use the session only in work that is passed to `do`."""

    def __init__(self, system: System, folder: Path, binary: Binary, seed: int) -> None:
        self._system, self._folder, self._binary, self._seed = system, folder, binary, seed
        self._opened: concurrent.futures.Future[Session] = concurrent.futures.Future()
        self._failure: BaseException | None = None
        # The harness may be told to stop while the thread waits for something.
        self._thread = threading.Thread(target=self._live, name=f"stormproof {system.name}", daemon=True)

    def start(self) -> Session:
        """Start the system. Returns when all of it is ready and a task went through it. Raises ComponentError, DescriptionError."""
        self._thread.start()
        return self._opened.result()

    def stop(self) -> None:
        """Stop the system. Returns when everything is gone."""
        if self._opened.done() and not self._opened.exception() and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work in the thread, wait, and return its result. Raises what the work raises, or what ended the session."""
        if not self._thread.is_alive():
            work.close()
            raise self._failure or ComponentError(f"{self._system.name} has been stopped")
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except concurrent.futures.CancelledError:
            self._thread.join()
            raise (self._failure or ComponentError(f"{self._system.name} has been stopped")) from None

    def _live(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._keep())
        except BaseException as error:  # A thread has nobody to raise it to: whoever asks next is told.
            self._failure = error
            if not self._opened.done():
                self._opened.set_exception(error)

    async def _keep(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with Session.open(self._system, self._folder, self._binary, self._seed) as session:
            await session.warm_up()
            self._opened.set_result(session)
            await self._over.wait()
