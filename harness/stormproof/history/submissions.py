"""Which tasks each submission made, as far as the events of a run have shown so far.

Code that waits for "the task of this submission" asks here. The submission's key need not reach the task's arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stormproof.history import KEY_PATTERN, AnyEvent, Invoked, Meaning, Probe, Returned, Wire

_PUTS: frozenset[Meaning] = frozenset({"publish", "requeue"})
_HANDS_OVER: frozenset[Meaning] = frozenset({*_PUTS, "deliver"})
"""Frames that name a message by its task. Others name it by its delivery tag."""

_NAMES: frozenset[Meaning] = frozenset({*_PUTS, "hold"})
"""Requests that hold one whole message, so that all ids in them belong together."""

_ENDS = frozenset({"succeeded", "failed", "revoked", "rejected"})
_OURS = "stormproof."

_is_key = re.compile(KEY_PATTERN).fullmatch


class Submissions:
    """The tasks of each submission, and the evidence for them.

    A task belongs to a submission if its arguments or its message hold the submission's key, if the answer names it, or
    if its message names another task of the submission. Until one of these has been seen, a task that the API publishes
    is attributed to the submission whose answer has been pending longest. That is a guess, which a later answer
    corrects.

    `front` is the component that takes submissions. `starts` holds every start of a task of the system, in order,
    without the harness's own tasks. `stand_ins`: submission -> a function that returns the id of the task that faults
    use in place of the submission's own ("" until one is chosen).
    """

    def __init__(self) -> None:
        self.front = ""
        self.stand_ins: dict[str, Callable[[], str]] = {}
        self.starts: list[Probe] = []
        self._starts: dict[str, list[Probe]] = {}  # By task id.
        self._open: dict[int, str] = {}  # Submissions without an answer: operation -> key.
        self._unclear: list[str] = []  # Keys of submissions that ended with an unknown outcome.
        self._over_t: dict[str, float] = {}
        self._known: dict[str, set[str]] = {}
        self._guessed: dict[str, set[str]] = {}
        self._tags: dict[str, set[str]] = {}
        self._owner: dict[str, str] = {}  # Task id -> key.
        self._ended: set[str] = set()
        self._has_seen_a_key = False

    # What is known

    def has(self, key: str) -> bool:
        """Whether a client has submitted this."""
        return key in self._over_t or key in self._open.values()

    def tasks(self, key: str) -> frozenset[str]:
        """The ids of a submission's tasks: the known ones, or else the guessed ones."""
        return frozenset(self._known.get(key) or self._guessed.get(key) or ())

    def names(self, key: str) -> frozenset[str]:
        """All names that a frame may use for the submission: its key, its tasks' ids, and the delivery tags of their
        messages.
        """
        named = (found.get(key, ()) for found in (self._known, self._guessed, self._tags))
        return frozenset({key}.union(*named))

    def ended(self, key: str) -> bool:
        """Whether any execution of a task of this submission has ended."""
        return not self._ended.isdisjoint(self.tasks(key))

    def starts_of(self, key: str) -> list[Probe]:
        """The starts of this submission's tasks, in order."""
        found = [start for task_id in self.tasks(key) for start in self._starts.get(task_id, ())]
        return sorted(found, key=lambda start: start.t)

    def start(self, key: str) -> Probe | None:
        """The latest start of the task that a fault means by this submission: of its stand-in, if it has one, else of
        its own task. If the submission is over and nothing identifies its task, any task of the system that has started
        since then counts.
        """
        if chosen := self.stand_ins.get(key):
            return next(reversed(self._starts.get(chosen(), [])), None)
        if found := self.starts_of(key):
            return found[-1]
        if key not in self._over_t or self.tasks(key):
            return None
        return next((start for start in reversed(self.starts) if start.t >= self._over_t[key]), None)

    @property
    def keys_reach_tasks(self) -> bool:
        """Whether a task can be identified by the key in its arguments; True until some task has shown that it cannot."""
        return self._has_seen_a_key or not any(start.task_id in self._owner for start in self.starts)

    # What is seen

    def add(self, event: AnyEvent) -> None:
        """Take one event into account."""
        if isinstance(event, Wire):
            if event.ids:
                self._frame(event)
        elif isinstance(event, Probe):
            self._probe(event)
        elif isinstance(event, Invoked):
            if event.kind == "submit":
                self._open[event.op] = event.key
        elif isinstance(event, Returned) and event.op in self._open:
            self._answered(event)

    def give_up(self, key: str, t: float) -> None:
        """Record that no client waits for the answer to this submission any more."""
        for op in [op for op, known in self._open.items() if known == key]:
            self._over(op, t)

    def _answered(self, answer: Returned) -> None:
        key = self._over(answer.op, answer.t)
        if answer.outcome == "ok" and answer.task_id:
            self._own(key, answer.task_id, known=True)
        elif answer.outcome == "info":
            self._unclear.append(key)

    def _over(self, op: int, t: float) -> str:
        key = self._open.pop(op)
        self._over_t[key] = t
        return key

    def _probe(self, line: Probe) -> None:
        if line.key and line.task_id:
            self._own(line.key, line.task_id, known=True)
        if line.word == "started" and not line.task.startswith(_OURS):
            self.starts.append(line)
            self._starts.setdefault(line.task_id, []).append(line)
            self._has_seen_a_key = self._has_seen_a_key or line.key != ""
        elif line.word in _ENDS:
            self._ended.add(line.task_id)

    def _frame(self, frame: Wire) -> None:
        first, *others = frame.ids
        if _is_key(first):
            return
        if key := next(filter(_is_key, others), ""):
            self._name(frame, key, known=True)
        elif frame.direction == "request" and frame.meaning in _NAMES:
            key = next((self._owner[other] for other in others if other in self._owner), "")
            if key:
                self._name(frame, key, known=False)
            elif frame.component == self.front and frame.meaning == "publish":
                self._guess(first)

    def _name(self, frame: Wire, key: str, *, known: bool) -> None:
        if frame.meaning in _HANDS_OVER:
            self._own(key, frame.ids[0], known=known)
        else:
            self._tags.setdefault(key, set()).add(frame.ids[0])

    def _guess(self, task_id: str) -> None:
        """Attribute a task that nothing has named yet to the submission that most likely made it."""
        keys = self._open.values() or reversed(self._unclear)
        likely = next((key for key in keys if not self.tasks(key)), None)
        if likely is None:  # One submission may make many tasks.
            likely = next(iter(self._open.values()), None)
        if likely is not None:
            self._own(likely, task_id, known=False)

    def _own(self, key: str, task_id: str, *, known: bool) -> None:
        before = self._owner.get(task_id)
        if known:
            self._known.setdefault(key, set()).add(task_id)
            if before is not None:
                self._guessed.get(before, set()).discard(task_id)
        elif before is None:
            self._guessed.setdefault(key, set()).add(task_id)
        else:
            return  # A guess changes nothing.
        self._owner[task_id] = key
