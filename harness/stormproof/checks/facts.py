"""The facts in a history, joined: operations with their answers, and everything known about each task and each key.

Every check reads these. They are derived once per history: `Facts.of(history)`.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from stormproof.history import (
    Effect,
    FastForward,
    Fault,
    History,
    Indexed,
    Invoked,
    Phase,
    Pressure,
    Probe,
    Process,
    Purpose,
    Quiescence,
    Returned,
)

ENDS = frozenset({"succeeded", "failed", "revoked", "rejected"})
"""The probe's words after which a task no longer runs, unless its message is delivered again."""

PROMISED: frozenset[Purpose] = frozenset({"workload", "recovery"})
"""The purposes of submissions to which a system's promises apply."""


class Op(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation: its `Invoked` and, if it ever ended, its `Returned`, each with its index (-1: never ended)."""

    invoked_at: int
    invoked: Invoked
    returned_at: int = -1
    returned: Returned | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the system accepted the submission and returned a task id."""
        return self.returned is not None and self.returned.outcome == "ok" and self.returned.task_id != ""

    @property
    def certainly_failed(self) -> bool:
        """Whether it is proved that the operation had no effect."""
        return self.returned is not None and self.returned.outcome == "fail"

    @property
    def evidence(self) -> tuple[int, ...]:
        """The indexes of its events."""
        return (self.invoked_at,) if self.returned is None else (self.invoked_at, self.returned_at)


@dataclass(slots=True)
class Task:
    """Everything known about one task id. `answers` are status operations, in the order in which they were invoked.

    `starts`, `ends`, `others` are lines of the probe: started; one of `ENDS`; received, retried, ignored, unknown.
    """

    task_id: str
    key: str
    submits: list[Op] = field(default_factory=list)
    answers: list[Op] = field(default_factory=list)
    starts: list[Indexed[Probe]] = field(default_factory=list)
    ends: list[Indexed[Probe]] = field(default_factory=list)
    others: list[Indexed[Probe]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.key or 'no key'} (task {self.task_id})"

    @property
    def acknowledgement(self) -> Op | None:
        """The first promised submission that the system acknowledged with this task id."""
        return next((op for op in self.submits if op.acknowledged and op.invoked.purpose in PROMISED), None)

    @property
    def terminal_answers(self) -> list[tuple[int, Returned]]:
        """The answers that reported a terminal state, each with its index."""
        return [
            (op.returned_at, op.returned) for op in self.answers if op.returned is not None and op.returned.terminal
        ]

    @property
    def ended(self) -> bool:
        """Whether a probe or the system itself reported the end of the task."""
        return bool(self.ends) or any(op.returned is not None and op.returned.terminal for op in self.answers)

    @property
    def probes(self) -> list[Indexed[Probe]]:
        """All lines of the probe about this task, in order."""
        return sorted((*self.starts, *self.ends, *self.others), key=_index)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time; `end_t` is infinite if nothing ended it."""

    begin_t: float
    end_t: float

    def overlaps(self, begin_t: float, end_t: float) -> bool:
        """Whether the two stretches have a moment in common."""
        return begin_t <= self.end_t and self.begin_t <= end_t


class Facts:
    """The facts derived from one history; everything is in the history's order.

    `last_t` is when the history ends. `keys`: all submissions of a key. `phases`: the first phase of each name.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self.last_t = history[-1].t if history else 0.0
        self.phases: dict[str, Indexed[Phase]] = {}
        for index, phase in history.of(Phase):
            self.phases.setdefault(phase.name, (index, phase))

    @classmethod
    def of(cls, history: History) -> Facts:
        """Return the facts of a history. Every caller gets the same object."""
        return history.derive(cls)

    @cached_property
    def ops(self) -> list[Op]:
        """All operations, in the order in which they were invoked."""
        ends = self._history.returns
        found = []
        for index, invoked in self._history.of(Invoked):
            end = ends.get(invoked.op)
            if end is None:
                found.append(Op(invoked_at=index, invoked=invoked))
            else:
                found.append(Op(invoked_at=index, invoked=invoked, returned_at=end[0], returned=end[1]))
        return found

    def cpu_waited_s(self, from_t: float, to_t: float) -> float:
        """Return an upper bound, in seconds, on how long some process waited for a CPU between the two times."""
        before = bisect_right(self._pressure, from_t, key=lambda event: event.t) - 1
        after = min(bisect_left(self._pressure, to_t, key=lambda event: event.t), len(self._pressure) - 1)
        if before < 0 or after < before:
            return 0.0
        return self._pressure[after].cpu_waited_s - self._pressure[before].cpu_waited_s

    @cached_property
    def _pressure(self) -> list[Pressure]:
        return [event for _, event in self._history.of(Pressure)]

    @cached_property
    def keys(self) -> dict[str, list[Op]]:
        """Key -> its submissions."""
        found: dict[str, list[Op]] = {}
        for op in self.ops:
            if op.invoked.kind == "submit":
                found.setdefault(op.invoked.key, []).append(op)
        return found

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """Task id -> what clients and probes recorded about it."""
        found: dict[str, Task] = {}
        for op in self.ops:
            if op.invoked.kind == "status":
                _task(found, op.invoked.task_id, op.invoked.key).answers.append(op)
            elif op.returned is not None and op.returned.task_id and op.returned.outcome != "fail":
                _task(found, op.returned.task_id, op.invoked.key).submits.append(op)
        for line in self._history.of(Probe):
            probe = line[1]
            if not probe.task_id:
                continue
            task = _task(found, probe.task_id, probe.key)
            if probe.word == "started":
                task.starts.append(line)
            elif probe.word in ENDS:
                task.ends.append(line)
            else:
                task.others.append(line)
        return found

    @cached_property
    def promised(self) -> list[tuple[Task, Op]]:
        """The tasks that the system promised to execute, each with the first submission that it acknowledged."""
        found = ((task, task.acknowledgement) for task in self.tasks.values())
        return [(task, op) for task, op in found if op is not None]

    @cached_property
    def effects(self) -> dict[str, list[Indexed[Effect]]]:
        """Key -> its effects."""
        found: dict[str, list[Indexed[Effect]]] = {}
        for index, effect in self._history.of(Effect):
            found.setdefault(effect.key, []).append((index, effect))
        return found

    @cached_property
    def forwarded(self) -> dict[str, list[Indexed[FastForward]]]:
        """Task id -> when the harness requeued its message, as a worker would have done after the visibility timeout."""
        found: dict[str, list[Indexed[FastForward]]] = {}
        for line in self._history.of(FastForward):
            for task_id in line[1].task_ids:
                found.setdefault(task_id, []).append(line)
        return found

    def fast_forwards(self, *tasks: Task) -> str:
        """Return what a message adds about tasks that the harness requeued; empty if there are none.

        Example: "; the visibility timeout was fast-forwarded at 9.1 s".
        """
        times = [event.t for task in tasks for _, event in self.forwarded.get(task.task_id, ())]
        said = ", ".join(f"{t:.1f}" for t in sorted(times))
        return f"; the visibility timeout was fast-forwarded at {said} s" if times else ""

    @cached_property
    def faults(self) -> dict[str, list[Indexed[Fault]]]:
        """Injection -> its stages."""
        found: dict[str, list[Indexed[Fault]]] = {}
        for index, fault in self._history.of(Fault):
            found.setdefault(fault.fault, []).append((index, fault))
        return found

    @cached_property
    def fault_windows(self) -> list[Window]:
        """When each injection was in force, whatever its target."""
        return [_fault_window(stages) for stages in self.faults.values()]

    @cached_property
    def calm_until_t(self) -> float:
        """When the first fault was injected; infinite if there was none."""
        return min((stages[0][1].t for stages in self.faults.values()), default=math.inf)

    @cached_property
    def quiescence(self) -> Indexed[Quiescence] | None:
        """The end of the wait for quiescence, if the run got that far."""
        found = self._history.of(Quiescence)
        return found[-1] if found else None

    @property
    def proved(self) -> Indexed[Quiescence] | None:
        """The proof that nothing can change any more, if there is one."""
        return self.quiescence if self.quiescence is not None and self.quiescence[1].proved else None

    @cached_property
    def heard_until_t(self) -> float:
        """The time until which the probes' lines are complete.

        If the run was not quiet when it stopped, the probes' last lines may be missing.
        """
        if self.quiescence is None or self.quiescence[1].proved:
            return math.inf
        return max((line.t for _, line in self._history.of(Probe)), default=0.0)

    def submissions(self, task: Task) -> list[Op]:
        """Return the submissions that may have created this task: those that returned its id, else all with its key."""
        return task.submits or self.keys.get(task.key, [])

    def struck(self, role: str) -> list[Window]:
        """Return when a fault of the harness was in force on the components of a role, or had taken them down."""
        processes = [event for _, event in self._history.of(Process) if event.role == role]
        names = {role} | {event.component for event in processes}
        strikes = (stages for stages in self.faults.values() if stages[0][1].target in names)
        return [*map(_fault_window, strikes), *_downtimes(processes)]


def _task(tasks: dict[str, Task], task_id: str, key: str) -> Task:
    task = tasks.get(task_id)
    if task is None:
        task = tasks[task_id] = Task(task_id, key)
    return task


def _index(line: Indexed[Probe]) -> int:
    return line[0]


def _fault_window(stages: list[Indexed[Fault]]) -> Window:
    healed = [event.t for _, event in stages if event.stage in ("healed", "failed")]
    return Window(begin_t=stages[0][1].t, end_t=healed[-1] if healed else math.inf)


def _downtimes(processes: Iterable[Process]) -> Iterator[Window]:
    down: dict[str, float] = {}
    for event in processes:
        if event.word == "exited" and event.expected:
            down.setdefault(event.component, event.t)
        elif event.word == "ready" and event.component in down:
            yield Window(begin_t=down.pop(event.component), end_t=event.t)
    for begin_t in down.values():
        yield Window(begin_t=begin_t, end_t=math.inf)
