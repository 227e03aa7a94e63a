"""Watches a run from outside while it goes on: probes, servers, processes, the machine, and the framework's own events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from stormproof.brokers.broker import Server
from stormproof.errors import ComponentError, StormproofError
from stormproof.frameworks.framework import Journal, Listener
from stormproof.history import AnyEvent, Pressure
from stormproof.history.recorder import Recorder
from stormproof.processes import machine
from stormproof.processes.guard import Guard
from stormproof.processes.launcher import Launcher, cpu_waited_s
from stormproof.processes.replica import Replica

_SAMPLE_EVERY_S = 0.1
_PROCESSES_EVERY_S = 2.0
_JOURNAL_EVERY_S = 0.02


class Watchers:
    """The tasks that observe a run. `look_at` records the state of a server. `fail` is called with the error if one of
    them breaks, because without them the history would be incomplete.
    """

    def __init__(
        self,
        recorder: Recorder,
        replicas: Sequence[Replica],
        look_at: Callable[[Server], Awaitable[None]],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._recorder, self._replicas, self._look_at, self._fail = recorder, replicas, look_at, fail
        self._tasks: list[asyncio.Task[None]] = []
        self._events: Listener | None = None
        self._stopping = False  # A client library may swallow a cancellation; this flag cannot be missed.

    @property
    def stopping(self) -> bool:
        """Whether the run is at its end: what disappears now is not recorded."""
        return self._stopping

    def add(self, work: Coroutine[Any, Any, None]) -> None:
        """Run this in parallel until the end of the run."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._fail(error)

    async def stop(self) -> None:
        """Stop watching."""
        self._stopping = True
        for replica in self._replicas:
            replica.stop_watching()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)

    async def stop_listening(self) -> None:
        """Close the connection of the listener for events, once the processes are gone."""
        if self._events is not None:
            await asyncio.to_thread(self._events.stop, 2.0)

    def start(self, journal: Journal, servers: Iterable[Server]) -> None:
        """Start recording what the probes, the servers and the processes report."""
        of_servers = (self._sample(server) for server in servers)
        for watch in (self._read_journal(journal), self._sample_processes(), self._sample_pressure(), *of_servers):
            self.add(watch)

    async def listen(self, listener: Callable[[Callable[[AnyEvent], None], float], Listener]) -> None:
        """Start listening to a framework's own events, with the listener that `listener` makes; return when it is
        connected. Raises ComponentError.
        """
        loop = asyncio.get_running_loop()

        def add(event: AnyEvent) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._recorder.add, event)

        self._events = listener(add, self._recorder.t0)
        self._events.start()
        if not await asyncio.to_thread(self._events.wait_connected, 10.0):
            raise ComponentError("the listener for the framework's events did not connect to the broker within 10 s")

    async def _read_journal(self, journal: Journal) -> None:
        while not self._stopping:
            for event in journal.read_new():
                self._recorder.add(event)
            await asyncio.sleep(_JOURNAL_EVERY_S)

    async def _sample(self, server: Server) -> None:
        while not self._stopping:
            await self._look_at(server)
            await asyncio.sleep(_SAMPLE_EVERY_S)

    async def _sample_processes(self) -> None:
        while not self._stopping:
            self.look_at_processes()
            await asyncio.sleep(_PROCESSES_EVERY_S)

    def look_at_processes(self) -> None:
        """Record the memory of the system's processes now."""
        for replica in self._replicas:
            if found := replica.sample():
                self._recorder.add(found)

    async def _sample_pressure(self) -> None:
        while not self._stopping and (waited_s := cpu_waited_s()) is not None:
            self._recorder.add(Pressure(t=self._recorder.now(), cpu_waited_s=waited_s))
            await asyncio.sleep(_SAMPLE_EVERY_S)

    async def watch_over(self, launcher: Launcher, guard: Guard, *folders: Path) -> None:
        """End the run if the machine has no room for it, or if it was told to end and has not."""
        while not self._stopping:
            try:
                machine.check(*folders)
                launcher.bound_outputs()
            except (StormproofError, OSError) as error:
                self._fail(error)
            if launcher.over:
                guard.insist()
            await asyncio.sleep(_SAMPLE_EVERY_S)
