"""Takes submissions in: journal first, then broker, and the promise only when both have it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from hardened.journal import Due, Journal, canonical
from hardened.publisher import BrokerUnavailableError
from hardened.settings import Settings

T = TypeVar("T")


class Publishes(Protocol):
    """What `Publisher` does."""

    def publish(self, task_id: str, arguments: dict[str, Any]) -> None:
        """Raises BrokerUnavailableError."""


class BoundedThreads:
    """Keeps what blocks off the event loop. A fixed number of threads: a frozen broker cannot make it grow."""

    def __init__(self, count: int, within_s: float) -> None:
        self._executor = ThreadPoolExecutor(count)
        self._within_s = within_s

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Raises TimeoutError when the time is out: what has begun goes on in its thread, what has not never begins."""
        future = asyncio.get_running_loop().run_in_executor(self._executor, function, *args)
        return await asyncio.wait_for(future, self._within_s)


class Intake:
    """`submit` is the promise. Identical submissions that come while the first is under way share its fate."""

    def __init__(self, settings: Settings, journal: Journal, publisher: Publishes, threads: BoundedThreads) -> None:
        self._settings = settings
        self._journal = journal
        self._publisher = publisher
        self._threads = threads
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def submit(self, task_id: str, arguments: dict[str, Any]) -> None:
        """Returns when journal and broker have it. Raises BrokerUnavailableError, TimeoutError,
        RequestConflictError."""
        identity = (task_id, canonical(arguments))
        task = self._under_way.get(identity)
        if task is None:
            task = asyncio.create_task(self._threads.call(self._take_in, task_id, arguments))
            self._under_way[identity] = task
            task.add_done_callback(lambda _: self._under_way.pop(identity))
        # Shielded: one caller that hangs up must not cancel the others.
        await asyncio.shield(task)

    def _take_in(self, task_id: str, arguments: dict[str, Any]) -> None:
        again_after_s = self._settings.resubmit_after_s
        if not self._journal.accept(task_id, arguments, grace_s=again_after_s):
            return
        try:
            self._publisher.publish(task_id, arguments)
        except BrokerUnavailableError:
            if self._journal.withdraw(task_id):
                raise
            return
        self._journal.published(Due(task_id, arguments), again_after_s)
