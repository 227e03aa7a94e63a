"""Ends a task's work when something that the work depends on has failed, wherever the failure was noticed."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Guard:
    """Use as a context manager in the task that works: `fail` cancels the task, which then ends with the error passed
    to `fail`.
    """

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
        """Cancel again: an error on the way out may have replaced the first cancellation, and been handled."""
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
