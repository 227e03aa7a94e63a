"""The last moment at which a lost task could still have been saved."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from stormproof.checks.facts import ENDS, Facts, Op
from stormproof.history import FastForward, History, Indexed, Probe, Process, Wire
from stormproof.report.frames import Subject, Transaction, arrived

_INTACT = frozenset({"passed", "delay", "bandwidth", "duplicate"})


def last_chance(
    history: History,
    who: Subject,
    around: Iterable[Transaction],
    ends_of: Callable[[Wire], tuple[str, str]],
    broker: str,
) -> int | None:
    """Return the index of the event that took the task out of its last safe place. `ends_of`: a frame's component and server.

    A task is safe while the broker has its message: from when it is published until it is delivered (even if the delivery
    never arrives, because the broker no longer keeps it), and from when it is recorded as unacknowledged until it is
    acknowledged. What is in a transaction takes place at its `EXEC`, or not at all. The event after which no safe place was
    left is the last chance: before it, the task could still have been saved. If a task was never in a safe place, only the
    client that submitted it could have saved it, so its submission is the last chance.

    Returns None if the task has an end, is still in a safe place, or the rule cannot decide: a script had it, nothing
    recorded the broker's wire, the system holds its own backlog, or it is not proved that nothing has the task any more
    (the end of the run is not proved quiet, and the component that took the task is alive).
    """
    if _ended(history, who):
        return None
    keeping = _Keeping(who)
    for index, frames in _moments(history, who, list(around), lambda frame: ends_of(frame)[1] == broker):
        keeping.see(index, frames)
    if keeping.unsure:
        return None
    if keeping.taken_at is None:
        watched = any(ends_of(frame)[1] == broker for _, frame in history.of(Wire))
        return _submission(history, who) if watched and not keeping.known else None
    return keeping.taken_at if _nobody_has_it(history, who, keeping.taken_at, ends_of) else None


class _Keeping:
    """In how many safe places the task is. `taken_at`: the index of the event that emptied the last one."""

    def __init__(self, who: Subject) -> None:
        self._who = who
        self._queued = 0
        self._unacked: list[frozenset[str]] = []
        self.known = False
        self.unsure = False
        self.taken_at: int | None = None

    @property
    def held(self) -> bool:
        return self._queued > 0 or bool(self._unacked)

    def see(self, index: int, frames: list[Wire]) -> None:
        """What took place at one moment. An empty list means that the harness put the message back into its queue."""
        before = self.held
        if not frames:
            self._queued, self._unacked = 1, []
        popped = [self._apply(frame) for frame in frames]
        self.known = self.known or self.held or any(popped)
        if self.held:
            self.taken_at = None
        elif before or any(popped):
            self.taken_at = index

    def _apply(self, frame: Wire) -> bool:
        if not self._who.alone_in(frame):
            return False
        if frame.direction != "request":
            return self._answered(frame)
        if frame.meaning == "unclear" and arrived(frame):
            self.unsure = True
        elif frame.fate in _INTACT:
            self._asked(frame)
        return False

    def _answered(self, frame: Wire) -> bool:
        if frame.meaning != "deliver":
            return False
        self._queued = max(0, self._queued - 1)
        return True

    def _asked(self, frame: Wire) -> None:
        if frame.meaning in ("publish", "requeue"):
            self._queued += 2 if frame.fate == "duplicate" else 1
        elif frame.meaning == "hold":
            self._unacked.append(frozenset(frame.ids))
        if frame.meaning in ("acknowledge", "requeue"):
            tags = frozenset(frame.ids) - self._who.names or frozenset(frame.ids)
            self._unacked = [held for held in self._unacked if held.isdisjoint(tags)]


def _moments(
    history: History, who: Subject, around: list[Transaction], on_broker: Callable[[Wire], bool]
) -> Iterator[tuple[int, list[Wire]]]:
    inside = {index for found in around for index, _ in found.frames}
    moments: list[Indexed[Wire] | Indexed[FastForward]] = []
    executed = {found.executed_at: [frame for _, frame in found.frames] for found in around}
    for index, frame in history.of(Wire):
        if on_broker(frame) and index not in inside and (index in executed or who.in_frame(frame)):
            moments.append((index, frame))
    moments += [line for line in history.of(FastForward) if not who.names.isdisjoint(line[1].task_ids)]
    for index, event in sorted(moments, key=lambda line: (line[1].t, line[0])):
        yield index, executed.get(index, [event]) if isinstance(event, Wire) else []


def _ended(history: History, who: Subject) -> bool:
    answers = (op.returned for op in Facts.of(history).ops if _about(op, who))
    return any(probe.word in ENDS for _, probe in probes(history, who)) or any(
        answer is not None and answer.terminal for answer in answers
    )


def _about(op: Op, who: Subject) -> bool:
    return op.invoked.key in who.names or op.invoked.task_id in who.names


def probes(history: History, who: Subject) -> list[Indexed[Probe]]:
    """Return the lines of the workers' probes about the task."""
    return [line for line in history.of(Probe) if line[1].task_id in who.names or line[1].key in who.names]


def _submission(history: History, who: Subject) -> int | None:
    submits = Facts.of(history).keys.get(who.key, [])
    # A client that knows that it was not accepted can submit again: nothing is lost.
    if not submits or all(op.certainly_failed for op in submits) or probes(history, who):
        return None
    return submits[0].invoked_at if _quiet(history, who) else None


def _nobody_has_it(history: History, who: Subject, taken_at: int, ends_of: Callable[[Wire], tuple[str, str]]) -> bool:
    quiescence = Facts.of(history).quiescence
    if quiescence is not None and quiescence[1].backlog:
        return False
    taken = history[taken_at]
    return _quiet(history, who) or (isinstance(taken, Wire) and _exited(history, ends_of(taken)[0], taken.t))


def _quiet(history: History, who: Subject) -> bool:
    quiescence = Facts.of(history).proved
    if quiescence is None or quiescence[1].backlog:
        return False
    return not (quiescence[1].executing and any(probe.word == "started" for _, probe in probes(history, who)))


def _exited(history: History, component: str, after_t: float) -> bool:
    stop = Facts.of(history).phases.get("stop")
    # The harness stops every process at the end of a run, which loses nothing.
    until_t = stop[1].t if stop is not None else math.inf
    exits = (event for _, event in history.of(Process) if event.component == component and event.word == "exited")
    return any(after_t <= event.t < until_t for event in exits)
