"""Finds the frames on the wire that are about one task: by its ids, its delivery tags, and the transaction around them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from stormproof.checks.facts import Facts
from stormproof.history import KEY_PATTERN, History, Indexed, Wire

ARRIVES = frozenset({"passed", "delay", "bandwidth", "duplicate", "garble", "truncate", "error_reply"})
"""The fates of a frame of which at least a part arrived. With all others, nothing arrived."""

_KEY = re.compile(KEY_PATTERN)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One task: `names` are its submission's key and task ids, `tags` its delivery tags, `others` other tasks' names."""

    key: str
    names: frozenset[str]
    tags: frozenset[str]
    others: frozenset[str]

    def in_frame(self, frame: Wire) -> bool:
        """Whether the frame is about this task."""
        return not (self.names.isdisjoint(frame.ids) and self.tags.isdisjoint(frame.ids))

    def alone_in(self, frame: Wire) -> bool:
        """Whether the frame is about this task and names no other."""
        return self.in_frame(frame) and self.others.isdisjoint(frame.ids)


@dataclass(slots=True, eq=False)
class Transaction:
    """A transaction from `MULTI` to `EXEC` on one connection. `frames`: those in it, by index; `around`: `MULTI`, `EXEC` and their replies.

    `executed_at` is the index of an `EXEC` that arrived, or -1 if none did. Then nothing in the transaction took place.
    """

    frames: list[Indexed[Wire]] = field(default_factory=list)
    around: list[int] = field(default_factory=list)
    executed_at: int = -1


def arrived(frame: Wire) -> bool:
    """Whether at least a part of the frame arrived."""
    return frame.fate in ARRIVES


def subject(history: History, about: str) -> Subject:
    """Find the submission with this key or task id, with all task ids that it ever had.

    A delivery tag is an id that occurs in a frame together with one of the task's names, and in no frame that names another
    task.
    """
    facts = Facts.of(history)
    key = _key(history, about)
    ids = {task.task_id for task in facts.tasks.values() if key and task.key == key}
    names = frozenset({about, key} | ids) - {""}
    others = (frozenset(facts.keys) | frozenset(facts.tasks) | _keys_on_the_wire(history)) - names
    return Subject(key=key, names=names, tags=_together(history, names, others), others=others)


def _key(history: History, about: str) -> str:
    facts = Facts.of(history)
    if about in facts.tasks:
        return facts.tasks[about].key
    if about in facts.keys or _KEY.fullmatch(about):
        return about
    # A submission that was never answered has a task id that only the wire knows.
    seen = {word for _, frame in history.of(Wire) if about in frame.ids for word in frame.ids if _KEY.fullmatch(word)}
    return seen.pop() if len(seen) == 1 else ""


def _keys_on_the_wire(history: History) -> frozenset[str]:
    return frozenset(word for _, frame in history.of(Wire) for word in frame.ids if _KEY.fullmatch(word))


def _together(history: History, names: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    mine: set[str] = set()
    foreign: set[str] = set()
    for _, frame in history.of(Wire):
        if not names.isdisjoint(frame.ids):
            mine.update(frame.ids)
        if not others.isdisjoint(frame.ids):
            foreign.update(frame.ids)
    return frozenset(mine - foreign - names)


def transactions(history: History, who: Subject) -> list[Transaction]:
    """Return the transactions that have a frame of the task between `MULTI` and `EXEC`."""
    return [found for found in _all(history.of(Wire)) if any(who.in_frame(frame) for _, frame in found.frames)]


def _all(frames: Iterable[Indexed[Wire]]) -> Iterator[Transaction]:
    connections: dict[tuple[str, int], _Connection] = {}
    for index, frame in frames:
        place = (frame.link, frame.connection)
        if place not in connections:
            connections[place] = _Connection()
        connections[place].see(index, frame)
    for connection in connections.values():
        yield from connection.found


class _Connection:
    """The requests and replies on one connection."""

    def __init__(self) -> None:
        self.found: list[Transaction] = []
        self._open: Transaction | None = None
        self._unanswered: dict[str, deque[Transaction]] = {"MULTI": deque(), "EXEC": deque(), "DISCARD": deque()}

    def see(self, index: int, frame: Wire) -> None:
        if frame.direction == "request":
            self._asked(index, frame)
        elif self._unanswered.get(frame.command):
            self._unanswered[frame.command].popleft().around.append(index)

    def _asked(self, index: int, frame: Wire) -> None:
        if frame.command == "MULTI":
            self._open = Transaction()
            self.found.append(self._open)
        if self._open is None:
            return
        if frame.command not in self._unanswered:
            self._open.frames.append((index, frame))
            return
        self._open.around.append(index)
        if arrived(frame):
            self._unanswered[frame.command].append(self._open)
        if frame.command != "MULTI":
            self._open.executed_at = index if frame.command == "EXEC" and arrived(frame) else -1
            self._open = None
