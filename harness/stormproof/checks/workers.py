"""What each worker had in hand at a moment, according to its own `Settings` and what its probe recorded.

This distinguishes a worker that is busy, full, rate-limited or stopping from one that could take work and does not.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property

from stormproof.history import Event, History, Indexed, Probe, Process, Settings

_NEVER = 2**62
_LIMITED = "rate limit"
"""Stands in for a task id: a rate limit keeps the worker from starting another task."""
_REPLACED, _REPLACED_S = "replacement", 6.0
"""The same for a pool process that is being replaced, and the longest that counts: a pool looks for processes to replace every 5 s."""
_OF_NO_EXECUTION = frozenset({"received", "consuming", "ready", "stopping"})


@dataclass(slots=True)
class Span:
    """From one event to another, by index and by time: an execution, or a message in a worker's hands."""

    component: str
    task_id: str
    begin: int
    begin_t: float
    end: int = _NEVER
    end_t: float = math.inf
    pid: int = 0
    parent: int = 0

    def stop(self, index: int, t: float) -> None:
        """End the span with this event."""
        self.end, self.end_t = index, t


@dataclass(slots=True)
class _Worker:
    """The state of one worker while its events are read: what it runs, by task id and process; what it holds, by task id."""

    settings: Settings | None = None
    running: dict[tuple[str, int], Span] = field(default_factory=dict)
    held: dict[str, Span] = field(default_factory=dict)


class Workers:
    """The workers, derived from one history: `Workers.of(history)`. An index is that of an event in the history."""

    def __init__(self, history: History) -> None:
        self.executions: list[Span] = []
        self._held: list[Span] = []
        self._settings: dict[str, list[Indexed[Settings]]] = defaultdict(list)
        self._stopping: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        self._lives: list[tuple[float, str, int]] = []
        self._now: dict[str, _Worker] = defaultdict(_Worker)
        for index, event in _relevant(history):
            if isinstance(event, Settings):
                self._settings[event.component].append((index, event))
                self._now[event.component].settings = event
            elif isinstance(event, Process):
                self._lives.append((event.t, event.component, 1 if event.word == "ready" else -1))
                if event.word != "ready":
                    self._all_gone(event.component, index, event.t)
            elif isinstance(event, Probe):
                self._probe(index, event)

    @classmethod
    def of(cls, history: History) -> Workers:
        """Return the workers of a history. Every caller gets the same object."""
        return history.derive(cls)

    def settings(self, component: str, index: int) -> Settings | None:
        """Return the last settings that the worker reported by then; None if there are none, or if they give no number of processes."""
        told = self._settings[component]
        place = bisect_right(told, index, key=lambda line: line[0]) - 1
        return told[place][1] if place >= 0 and told[place][1].processes else None

    def executing(self, component: str, index: int) -> int:
        """Return how many tasks the worker's live processes had in hand."""
        return self._count(self._executions_of, component, index)

    def has_room(self, component: str, index: int, unacked: int) -> bool:
        """Whether the worker could start another task. `unacked`: how many messages the broker counts as held by any worker.

        A worker without known settings counts as busy with a single task.
        """
        executing, settings = self.executing(component, index), self.settings(component, index)
        if settings is None:
            return executing == 0
        if executing >= _slots(settings) or (executing and self._is_stopping(component, index)):
            return False
        held = self._count(self._held_of, component, index)
        full = 0 < settings.prefetch <= held and settings.prefetch <= unacked + executing
        return not full

    def free(self, alive: Collection[str], index: int, has_room: Callable[[str], bool]) -> list[str]:
        """Return the live workers that should take whatever is queued.

        That is all of them if all have room; else those with room that read every queue.
        """
        with_room = [component for component in alive if has_room(component)]
        if not self._cover(alive, index):
            return []
        if len(with_room) < len(alive):
            return [component for component in with_room if self._cover([component], index)]
        return with_room

    def busy_s(self, from_t: float, to_t: float, longest_s: float, own: Collection[str]) -> float:
        """Return for how many seconds every live worker was busy executing tasks, or one of the tasks in `own` was being executed.

        An execution counts for `longest_s` at most: anything longer is not work but a hang. A worker with a rate limit is not
        free until the limit lets it start the next task, nor is a pool process that is being replaced.
        """
        steps: list[tuple[float, str, str, int]] = []

        def busy(span: Span, task_id: str, at_most_s: float, processes: int = 1) -> None:
            begin_t, end_t = max(span.begin_t, from_t), min(span.begin_t + at_most_s, to_t)
            if begin_t < end_t:
                steps.append((begin_t, span.component, task_id, processes))
                steps.append((end_t, span.component, task_id, -processes))

        for span in self.executions:
            busy(span, span.task_id, min(longest_s, span.end_t - span.begin_t))
            settings = self.settings(span.component, span.begin)
            if settings is not None and settings.slowest_s:
                busy(span, _LIMITED, settings.slowest_s, _slots(settings))
        for span in self._replacements:
            busy(span, _REPLACED, min(_REPLACED_S, span.end_t - span.begin_t))
        steps += [(max(t, from_t), component, "", change) for t, component, change in self._lives if t < to_t]
        steps.sort()
        alive, executing, own_executing = set[str](), Counter[str](), 0
        busy_s, last_t = 0.0, from_t
        for t, component, task_id, change in [*steps, (to_t, "", "", 0)]:
            if executing.total() and (own_executing or not self._any_free(alive, executing)):
                busy_s += t - last_t
            last_t = t
            if task_id:
                executing[component] += change
                own_executing += change * (task_id in own)
            elif change > 0:
                alive.add(component)
            else:
                alive.discard(component)
        return busy_s

    def _any_free(self, alive: Collection[str], executing: Counter[str]) -> bool:
        def has_room(component: str) -> bool:
            settings = self.settings(component, _NEVER)
            return executing[component] < (_slots(settings) if settings is not None else 1)

        return bool(self.free(alive, _NEVER, has_room))

    def _cover(self, components: Collection[str], index: int) -> bool:
        """Whether these workers together read every queue that any worker of the history had reported reading by then."""
        read = {queue for component in components for queue in self._queues(component, index)}
        return read >= {queue for component in self._settings for queue in self._queues(component, index)}

    def _queues(self, component: str, index: int) -> tuple[str, ...]:
        settings = self.settings(component, index)
        return settings.queues if settings is not None else ()

    def _is_stopping(self, component: str, index: int) -> bool:
        told = self._stopping[component]
        place = bisect_right(told, index, key=lambda line: line[0]) - 1
        return place >= 0 and told[place][1]

    def _count(self, spans: dict[str, tuple[list[int], list[int]]], component: str, index: int) -> int:
        begins, ends = spans.get(component, ([], []))
        return bisect_right(begins, index) - bisect_right(ends, index)

    @cached_property
    def _replacements(self) -> list[Span]:
        """The spans in which a pool process was being replaced.

        Each lasts from the end of a process's last execution to the first execution of a new process of the same worker.
        """
        first: dict[int, Span] = {}
        last: dict[int, Span] = {}
        for span in self.executions:
            first.setdefault(span.pid, span)
            last[span.pid] = span
        newcomers = list(first.values())
        found = []
        for gone in sorted(last.values(), key=lambda span: span.end):
            new = next((span for span in newcomers if span.begin > gone.end and span.parent == gone.parent), None)
            if new is not None:
                newcomers.remove(new)
                found.append(Span(gone.component, _REPLACED, gone.end, gone.end_t, new.begin, new.begin_t))
        return found

    @cached_property
    def _executions_of(self) -> dict[str, tuple[list[int], list[int]]]:
        return _ordered(self.executions)

    @cached_property
    def _held_of(self) -> dict[str, tuple[list[int], list[int]]]:
        return _ordered(self._held)

    # Reading the events

    def _probe(self, index: int, line: Probe) -> None:
        worker = self._now[line.component]
        if line.word in ("ready", "stopping"):
            self._stopping[line.component].append((index, line.word == "stopping"))
        elif line.word == "consuming":  # It has forgotten what it had received and not started.
            for forgotten in worker.held.values():
                forgotten.stop(index, line.t)
            worker.held.clear()
        elif line.word == "received":
            if line.task_id not in worker.held:
                worker.held[line.task_id] = self._span(self._held, index, line)
        elif line.word == "started":
            self._started(worker, index, line)
        else:
            for other in self._now.values():  # A message of this task that another worker held does not count any more.
                if span := other.held.pop(line.task_id, None):
                    span.stop(index, line.t)
        if line.word not in _OF_NO_EXECUTION and line.word != "started":
            self._ended(worker, index, line)

    def _started(self, worker: _Worker, index: int, line: Probe) -> None:
        running = worker.running
        if (
            line.pid != line.parent
        ):  # A pool process runs one task at a time, and the pool's size is limited, so other processes are gone.
            gone = [held for held in running if held[1] == line.pid]
            slots = worker.settings.processes if worker.settings is not None else 0
            if slots and len(running) - len(gone) >= slots:
                gone += [held for held in running if held not in gone][: len(running) - len(gone) - slots + 1]
            for held in gone:
                running.pop(held).stop(index, line.t)
        if (line.task_id, line.pid) not in running:
            running[line.task_id, line.pid] = self._span(self.executions, index, line)

    def _ended(self, worker: _Worker, index: int, line: Probe) -> None:
        own = (line.task_id, line.pid)
        ended = [own] if own in worker.running else []
        if not ended and line.pid == line.parent:  # The main process reports an end that its pool process could not.
            ended = [held for held in worker.running if held[0] == line.task_id]
        for held in ended:
            worker.running.pop(held).stop(index, line.t)

    def _all_gone(self, component: str, index: int, t: float) -> None:
        worker = self._now[component]
        for span in (*worker.running.values(), *worker.held.values()):
            span.stop(index, t)
        worker.running.clear()
        worker.held.clear()

    def _span(self, spans: list[Span], index: int, line: Probe) -> Span:
        spans.append(Span(line.component, line.task_id, index, line.t, pid=line.pid, parent=line.parent))
        return spans[-1]


def _slots(settings: Settings) -> int:
    """Return the number of tasks that makes a worker busy. For a pool that may grow, that is its smallest size: it need not grow."""
    return settings.fewest or settings.processes


def _relevant(history: History) -> list[Indexed[Event]]:
    found: list[Indexed[Event]] = [*history.of(Settings), *history.of(Probe)]
    found += [
        line
        for line in history.of(Process)
        if line[1].role == "worker" and line[1].word in ("ready", "exited", "gave_up")
    ]
    found.sort(key=lambda line: line[0])
    return found


def _ordered(spans: list[Span]) -> dict[str, tuple[list[int], list[int]]]:
    """Return, by component, the indexes at which its spans begin and those at which they end, in order."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for span in spans:
        begins, ends = found.setdefault(span.component, ([], []))
        begins.append(span.begin)
        ends.append(span.end)
    for begins, ends in found.values():
        begins.sort()
        ends.sort()
    return found
