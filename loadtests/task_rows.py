"""Rows for tasks in Locust's tables: what an HTTP row cannot tell, as the answer comes before the task has begun.

All times count from when the submission was *due*, not from when a busy client came round to it: a system that makes its clients wait
does not look faster for it (coordinated omission).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.lock import RLock
from stormproof.checks.facts import ENDS
from stormproof.history import Invoked, Returned
from stormproof.session.remote import Document, Remote, RemoteError
from target import Target

KIND = "TASK"
ACCEPTED, QUEUED, RUNNING, DONE, MAIL = "due to accepted", "queued", "running", "due to done", "due to e-mail"
SEEN = "due to seen as done"

Fire = Callable[..., Any]
"""Locust's `events.request.fire`."""

IN_A_STORM = " (in a storm)"
"""Added to a row's name where a fault, or the recovery from it, lies between due and done: calm rows stay calm."""

_FLUSH_S = 0.05


class NeverEndedError(Exception):
    """A task that was accepted has not ended while it was waited for."""


@dataclass(slots=True)
class _Life:
    """Of one submission, in the system's own time."""

    due: float
    under_way: int = 0
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
        self._notes: list[Invoked | Returned] = []
        self._flushing = RLock()
        self._ops = 0
        self._storms: dict[str, tuple[float, float]] = {}
        if remote is not None:
            self._watching = Remote(remote.path)
            gevent.spawn(self._watch)
            gevent.spawn(self._flush_often)

    def in_a_storm(self, since: float) -> bool:
        """Whether a fault, or the time in which the system may recover from it, lies between then and now."""
        if not self._storms:
            return False
        now = self._target.now()
        return any(first <= now and since <= last for first, last in self._storms.values())

    def due(self, key: str, due: float) -> None:
        """A submission is due, and about to be sent; perhaps not for the first time."""
        self._lives.setdefault(key, _Life(due)).under_way += 1

    def invoked(self, key: str) -> int:
        """An operation begins: it goes into the system's history. Its number is for `returned`."""
        self._ops += 1
        number = int(key.rpartition("-")[2]) * 100 + self._ops % 100
        self._note(Invoked(t=self._target.now(), op=number, kind="submit", key=key))
        return number

    def returned(self, answer: Returned) -> None:
        """It ended."""
        self._note(answer)

    def accepted(self, key: str, task_id: str) -> None:
        """The system has promised to do it. Of one that was submitted twice the first answer counts."""
        life = self._lives.get(key)
        if life is None:
            return
        life.under_way -= 1
        if life.accepted is None:
            life.accepted, life.task_id = self._target.now(), task_id
            self._row(ACCEPTED, life.due, life.accepted)
            if self._remote is None or self._is_over(life):
                self._lives.pop(key)

    def refused(self, key: str, why: str) -> None:
        """Nothing was promised; unless the same, submitted twice, is or will be accepted."""
        life = self._lives.get(key)
        if life is None:
            return
        life.under_way -= 1
        if life.accepted is None and not life.under_way:
            self._lives.pop(key)
            self._row(ACCEPTED, life.due, self._target.now(), RuntimeError(why))

    def seen(self, due: float, error: Exception | None = None) -> None:
        """A client has seen the task's end; or has given up, which is the error."""
        self._row(SEEN, due, self._target.now(), error)

    def end(self, within_s: float) -> None:
        """Wait until all that was accepted has ended; what has not is a failure with its id."""
        until = self._target.now() + within_s
        while self._open() and self._target.now() < until:
            gevent.sleep(0.05)
        for life in self._open():
            self._row(DONE, life.due, self._target.now(), NeverEndedError(f"task {life.task_id} has not ended"))
        self._lives.clear()
        self._flush()

    def _open(self) -> list[_Life]:
        return [life for life in self._lives.values() if life.accepted is not None and not self._is_over(life)]

    def _is_over(self, life: _Life) -> bool:
        return life.ended and (life.mailed or not self._target.effects)

    def _watch(self) -> None:
        try:
            for event in self._watching.watch("probe", "effect", "fault"):
                self.take(event)
        except RemoteError:
            pass  # The system has been stopped; whoever waits for a task sees that it does not end.

    def take(self, event: Document) -> None:
        """Take one event of the system into account."""
        if event["type"] == "fault":
            self._struck(event)
        elif (life := self._lives.get(event.get("key", ""))) is not None:
            self._lived(life, event)
            if life.accepted is not None and self._is_over(life):
                self._lives.pop(event["key"], None)

    def _struck(self, event: Document) -> None:
        first, _ = self._storms.get(event["fault"], (event["t"], math.inf))
        healed = event["stage"] in ("healed", "failed")
        self._storms[event["fault"]] = first, event["t"] + self._target.recovery_s if healed else math.inf

    def _lived(self, life: _Life, event: Document) -> None:
        at = event["t"]
        if event["type"] == "effect":
            if not life.mailed:
                life.mailed = True
                self._row(MAIL, life.due, at)
        elif event["word"] == "started" and life.started is None:
            life.started = at
            self._row(QUEUED, min(at, life.accepted or life.due), at)
        elif event["word"] in ENDS and not life.ended:
            life.ended = True
            if life.started is not None:
                self._row(RUNNING, life.started, at)
            self._row(DONE, life.due, at, None if event["word"] == "succeeded" else RuntimeError(event["word"]))

    def _row(self, name: str, since: float, at: float, error: Exception | None = None) -> None:
        seconds = at - since
        self._fire(
            request_type=KIND,
            name=name + IN_A_STORM if self.in_a_storm(since) else name,
            response_time=1000 * max(seconds, 0.0),
            response_length=0,
            exception=error,
            context={},
        )

    def _note(self, event: Invoked | Returned) -> None:
        if self._remote is not None:
            self._notes.append(event)

    def _flush_often(self) -> None:
        while True:
            gevent.sleep(_FLUSH_S)
            self._flush()

    def _flush(self) -> None:
        with self._flushing:  # One question at a time on one connection.
            notes, self._notes = self._notes, []
            if notes and self._remote is not None:
                try:
                    self._remote.ask("note", events=notes)
                except RemoteError:
                    pass  # The system has been stopped, and its history with it.
