"""Ends the work of a task where something has failed without which the work makes no sense, whoever has noticed it."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Guard:
    """Use as a context manager in the task that works: `fail` cancels it, and it ends with the error that was given there."""

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._failure: BaseException | None = None

    def __enter__(self) -> Guard:
        self._task = asyncio.current_task()
        return self

    def fail(self, error: BaseException) -> None:
        """End the work with this error; the first one counts."""
        if self._failure is None and self._task is not None:
            self._failure = error
            self._task.cancel()

    def insist(self) -> None:
        """Say once more that the work must end: an error on the way out may have taken the cancellation's place, and been handled."""
        if self._task is not None:
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._failure is None or self._task is None:
            return
        self._task.uncancel()
        if error is not self._failure:
            raise self._failure from error
