"""Rows for tasks in Locust's tables: what an HTTP row cannot tell, as the answer comes before the task has begun.

All times count from when the submission was *due*, not from when a busy client came round to it: a system that makes its clients wait
does not look faster for it (coordinated omission).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
from stormproof.remote import Document, Remote, RemoteError
from target import Target

KIND = "TASK"
ACCEPTED, QUEUED, RUNNING, DONE, MAIL = "due to accepted", "queued", "running", "due to done", "due to e-mail"
SEEN = "due to seen as done"

Fire = Callable[..., Any]
"""Locust's `events.request.fire`."""

_ENDS = {"succeeded", "failed", "revoked", "rejected"}
_FLUSH_S = 0.05


class NeverEndedError(Exception):
    """A task that was accepted has not ended while it was waited for."""


@dataclass
class _Life:
    """Of one submission, in the system's own time."""

    due: float
    accepted: float | None = None
    task_id: str = ""
    started: float | None = None
    ended: bool = False
    mailed: bool = False


class TaskRows:
    """Of the submissions of this process. Fed by its users, and, where the system is steered, by the system's own events."""

    def __init__(self, target: Target, fire: Fire, remote: Remote | None) -> None:
        self._target, self._fire, self._remote = target, fire, remote
        self._lives: dict[str, _Life] = {}
        self._notes: list[Document] = []
        self._ops = 0
        if remote is not None:
            self._watching = Remote(remote.path)
            gevent.spawn(self._watch)
            gevent.spawn(self._flush_often)

    def due(self, key: str, due: float) -> None:
        """A submission is due, and about to be sent."""
        self._lives[key] = _Life(due)

    def invoked(self, key: str) -> int:
        """An operation begins: it goes into the system's history. Its number is for `returned`."""
        self._ops += 1
        number = int(key.rpartition("-")[2]) * 100 + self._ops % 100
        self._note(type="invoked", op=number, kind="submit", key=key)
        return number

    def returned(self, number: int, **answer: Any) -> None:
        """It ended: `outcome`, `http_status`, `task_id`, `error` as in a history."""
        self._note(type="returned", op=number, **answer)

    def accepted(self, key: str, task_id: str) -> None:
        """The system has promised to do it."""
        life = self._lives[key]
        if life.accepted is None:
            life.accepted, life.task_id = self._target.now(), task_id
            self._row(ACCEPTED, life.accepted - life.due)
            if self._remote is None or self._is_over(life):
                self._lives.pop(key)

    def refused(self, key: str, why: str) -> None:
        """Nothing was promised."""
        life = self._lives.pop(key, None)
        if life is not None and life.accepted is None:
            self._row(ACCEPTED, self._target.now() - life.due, RuntimeError(why))

    def seen(self, due: float, error: Exception | None = None) -> None:
        """A client has seen the task's end; or has given up, which is the error."""
        self._row(SEEN, self._target.now() - due, error)

    def end(self, within_s: float) -> None:
        """Wait until all that was accepted has ended; what has not is a failure with its id."""
        until = self._target.now() + within_s
        while self._open() and self._target.now() < until:
            gevent.sleep(0.05)
        for life in self._open():
            self._row(DONE, self._target.now() - life.due, NeverEndedError(f"task {life.task_id} has not ended"))
        self._lives.clear()
        self._flush()

    def _open(self) -> list[_Life]:
        return [life for life in self._lives.values() if life.accepted is not None and not self._is_over(life)]

    def _is_over(self, life: _Life) -> bool:
        return life.ended and (life.mailed or not self._target.effects)

    def _watch(self) -> None:
        try:
            for event in self._watching.watch("probe", "effect"):
                life = self._lives.get(event.get("key", ""))
                if life is not None:
                    self._lived(life, event)
                    if life.accepted is not None and self._is_over(life):
                        self._lives.pop(event["key"], None)
        except RemoteError:
            pass  # The system has been stopped; whoever waits for a task sees that it does not end.

    def _lived(self, life: _Life, event: Document) -> None:
        at = event["t"]
        if event["type"] == "effect":
            if not life.mailed:
                life.mailed = True
                self._row(MAIL, at - life.due)
        elif event["word"] == "started" and life.started is None:
            life.started = at
            self._row(QUEUED, at - (life.accepted or life.due))
        elif event["word"] in _ENDS and not life.ended:
            life.ended = True
            if life.started is not None:
                self._row(RUNNING, at - life.started)
            self._row(DONE, at - life.due, None if event["word"] == "succeeded" else RuntimeError(event["word"]))

    def _row(self, name: str, seconds: float, error: Exception | None = None) -> None:
        self._fire(
            request_type=KIND,
            name=name,
            response_time=1000 * max(seconds, 0.0),
            response_length=0,
            exception=error,
            context={},
        )

    def _note(self, **event: Any) -> None:
        if self._remote is not None:
            self._notes.append({"t": self._target.now(), **event})

    def _flush_often(self) -> None:
        while True:
            gevent.sleep(_FLUSH_S)
            self._flush()

    def _flush(self) -> None:
        notes, self._notes = self._notes, []
        if notes and self._remote is not None:
            try:
                self._remote.ask("note", events=notes)
            except RemoteError:
                pass
