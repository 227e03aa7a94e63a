"""Writes the history as events happen, keeps the current state of the run, and lets callers wait for a condition on it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from stormproof.errors import RunFolderError, StormproofError, exhausted
from stormproof.history import AnyEvent, Closed, Fault, Probe, Settings, encode
from stormproof.history.submissions import Submissions

_ENDS = frozenset({"succeeded", "failed", "revoked", "rejected"})


class Picture:
    """The state of the run at this moment, according to all events so far.

    `received`, `started`, `ended`: the latest such probe event by task id. `executing`: the start of each execution
    that has not ended, by task id and pid. `submissions`: which tasks each submission made. `settings`: what each
    worker reported when it last became ready, and `consuming_at`: when it last began to consume, by component.
    `longest_s`: the longest execution that has ended. `finished`: the start time of the latest execution that has
    ended, by component and task id.
    """

    def __init__(self) -> None:
        self.submissions = Submissions()
        self.started: dict[str, Probe] = {}
        self.ended: dict[str, Probe] = {}
        self.executing: dict[tuple[str, int], Probe] = {}
        self.ready_at: dict[str, float] = {}
        self.received: dict[str, Probe] = {}
        self.settings: dict[str, Settings] = {}
        self.consuming_at: dict[str, float] = {}
        self.longest_s = 0.0
        self.finished: dict[tuple[str, str], float] = {}
        self.last_probe_t = 0.0
        self.last_heal_t = 0.0

    def add(self, event: AnyEvent) -> None:
        """Take one event into account."""
        self.submissions.add(event)
        if isinstance(event, Probe):
            self._probe(event)
        elif isinstance(event, Settings):
            self.settings[event.component] = event
        elif isinstance(event, Fault) and event.stage == "healed":
            self.last_heal_t = event.t

    def _probe(self, event: Probe) -> None:
        self.last_probe_t = event.t
        if event.word == "ready":
            self.ready_at[event.component] = event.t
        elif event.word == "consuming":
            self.consuming_at[event.component] = event.t
        elif event.word == "received":
            self.received[event.task_id] = event
        elif event.word == "started":
            self.started[event.task_id] = event
            self.executing[event.task_id, event.pid] = event
        else:
            if (began := self.executing.pop((event.task_id, event.pid), None)) is not None:
                self.longest_s = max(self.longest_s, event.t - began.t)
                self.finished[event.component, event.task_id] = began.t
            if event.pid == event.parent:  # The main process reports the end for a pool child that it has killed.
                for task_id, pid in [held for held in self.executing if held[0] == event.task_id]:
                    if self.executing[task_id, pid].parent == event.parent:
                        del self.executing[task_id, pid]
        if event.word in _ENDS:
            self.ended[event.task_id] = event

    def has_moved_on(self, start: Probe) -> bool:
        """Whether this start's task has since been delivered again, or has ended."""
        later = (self.received.get(start.task_id), self.ended.get(start.task_id))
        return any(event is not None and event.t > start.t for event in later)


class Recorder:
    """Appends each event to `history.jsonl` at once, with a single write; `t0` is the monotonic time at which the run
    began.

    `broken` is called with the reason why nothing more can be written. It is a callback because events come from
    everywhere, and code that happens to record one cannot handle the failure.
    """

    def __init__(self, path: Path) -> None:
        self.broken: Callable[[StormproofError], None] = lambda error: None
        self._path = path
        self.t0 = time.monotonic()
        self.picture = Picture()
        self.events: list[AnyEvent] = []
        self._changed = asyncio.Event()
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise exhausted(error) or RunFolderError(
                f"{path}: cannot be written: {error.strerror}; name another folder with --runs"
            ) from error

    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.t0

    def add(self, event: AnyEvent) -> None:
        """Record one event. After `close`, events are dropped: they are not part of the run."""
        if self._file < 0:
            return
        try:
            line = encode(event)
        except UnicodeEncodeError:
            event = _sayable(event)
            line = encode(event)
        try:
            while line:  # A disk that becomes full writes a part and refuses the rest.
                line = line[os.write(self._file, line) :]
        except OSError as error:
            self._shut()  # No closing line: the history is incomplete.
            error.filename = str(self._path)
            self.broken(exhausted(error) or RunFolderError(f"{self._path}: cannot be written: {error.strerror}"))
            return
        self.events.append(event)
        self.picture.add(event)
        self._changed.set()

    async def until(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Wait until the condition holds; check it at each event and every 50 ms. Return False if the time runs out."""
        deadline = time.monotonic() + within_s
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), min(left, 0.05))
            except TimeoutError:
                pass
        return True

    def close(self) -> None:
        """Write the closing line and close the file; recorded events stay."""
        self.add(Closed.of(self.events))
        self._shut()

    def _shut(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1  # The file descriptor may soon belong to another file.


def _sayable(event: AnyEvent) -> AnyEvent:
    """The event with each lone surrogate replaced by a question mark: JSON can escape them, but UTF-8 cannot encode
    them.
    """
    texts = ((name, getattr(event, name)) for name in event.__struct_fields__)
    clean = {name: text.encode("utf-8", "replace").decode() for name, text in texts if isinstance(text, str)}
    return msgspec.structs.replace(event, **clean)
