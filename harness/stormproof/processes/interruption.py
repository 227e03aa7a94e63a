"""Runs work to its end, or until Ctrl-C or SIGTERM. Then everything that was started is ended first, at once, and the
work afterwards.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from stormproof.errors import StormproofError
from stormproof.processes import launcher as processes
from stormproof.processes import machine

T = TypeVar("T")

_DESCRIPTORS = 24
"""With fewer, an event loop cannot start, and fails with errors that explain nothing."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns. Raises what it raises, KeyboardInterrupt after Ctrl-C, and CancelledError after
    SIGTERM.
    """
    try:
        machine.check(descriptors=_DESCRIPTORS)
    except StormproofError:
        work.close()
        raise
    told: list[int] = []

    def stop(number: int, task: asyncio.Task[Any]) -> None:
        told.append(number)
        processes.end_all()
        task.cancel()

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop, number, task)
        return await work

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(guarded())
        except asyncio.CancelledError:
            if signal.SIGINT in told:
                raise KeyboardInterrupt from None
            raise


def stop_of_this_task() -> Callable[[], None]:
    """Return a check for the tasks that this one starts: it raises CancelledError if this task has been told to stop
    since.

    An error on the way out may replace a cancellation. Code that handles the error cannot ask its own task: before
    CPython 3.13, a task group that failed leaves the count of its task's cancellations raised.
    """
    owner = asyncio.current_task()
    before = owner.cancelling() if owner else 0

    def raise_if_told() -> None:
        if owner is not None and owner.cancelling() > before:
            raise asyncio.CancelledError

    return raise_if_told
