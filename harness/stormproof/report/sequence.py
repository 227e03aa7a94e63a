"""The life of one task as a sequence: which component sent what to which, the faults, and the last moment to save the task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Literal

import msgspec

from stormproof.checks.facts import ENDS, Facts, Op
from stormproof.checks.verdict import Finding, Status
from stormproof.history import (
    AnyEvent,
    Effect,
    FastForward,
    Fault,
    History,
    Invoked,
    Probe,
    Process,
    Quiescence,
    Refusal,
    Returned,
    Sample,
    Wire,
)
from stormproof.report.frames import Subject, Transaction, arrived, subject, transactions
from stormproof.report.keeping import last_chance, probes

CLIENT = "client"
MAIL = "mail"
STATUS = "status"
"""The text that status requests and their answers contain."""

_AFTER_S = 1.0
_STAGES = {"injected": "strikes", "healed": "is over", "failed": "could not be done", "bit": ""}
_EXTERNAL = frozenset({CLIENT, MAIL, ""})

StepKind = Literal["message", "note", "fault", "process", "end"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened at `t`; `event` is its index in the history.

    `source` and `target` are lanes: equal for something inside a lane, and empty for what concerns all of them. `stopped`: a
    frame that never arrived. `text` is as recorded; pass it through `printable` before showing it.
    """

    t: float
    event: int
    source: str
    target: str
    text: str
    kind: StepKind
    stopped: bool = False

    @property
    def poll(self) -> bool:
        """Whether the step is a status request or its answer."""
        return self.kind == "message" and CLIENT in (self.source, self.target) and STATUS in self.text


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a history records about one task. Without steps, it records nothing.

    `lanes`: the client, components, servers, the mail server; only those that appear. `last_chance` is the index of a step:
    before it, the task could still have been saved (see `keeping.last_chance`; None: intact, or not known).
    """

    about: str
    lanes: tuple[str, ...]
    steps: tuple[Step, ...]
    last_chance: int | None = None


def tell(history: History, about: str, *, broker: str = "broker") -> Life:
    """Return the life of a submission, given by its key or by a task id.

    `broker` is the name of the broker's server in the description.
    """
    who = subject(history, about)
    around = transactions(history, who)
    own, shown = _own(history, who, around)
    if not own:
        return Life(about=about, lanes=(), steps=())
    scene = _Scene(history, broker)
    indexes = shown | set(_surroundings(history, min(history[i].t for i in own), max(history[i].t for i in own)))
    steps = tuple(scene.step(index) for index in sorted(indexes, key=lambda index: (history[index].t, index)))
    chance = last_chance(history, who, around, scene.ends_of, scene.broker)
    place = next((number for number, step in enumerate(steps) if step.event == chance), None)
    return Life(about=about, lanes=_lanes(steps, scene.servers), steps=steps, last_chance=place)


def gone_wrong(history: History, findings: Iterable[Finding]) -> str | None:
    """Return the submission that is most worth explaining: that of the first finding that proves something wrong, else of any finding.

    Returns None if no finding names a submission in the history.
    """
    facts = Facts.of(history)
    known = {*facts.keys, *facts.effects, *(task.key for task in facts.tasks.values())}
    named = [finding for finding in findings if finding.key and finding.key in known]
    proved = (finding.key for finding in named if finding.status is Status.INVALID)
    return next(proved, named[0].key if named else None)


def _own(history: History, who: Subject, around: list[Transaction]) -> tuple[set[int], set[int]]:
    """Return the indexes of the task's own events: all of them, and those that are worth a step."""
    ops = [op for op in Facts.of(history).ops if op.invoked.key in who.names or op.invoked.task_id in who.names]
    shown = {index for op in _telling(ops) for index in op.evidence}
    shown.update(index for index, _ in probes(history, who))
    shown.update(index for index, effect in history.of(Effect) if effect.key in who.names)
    shown.update(index for index, refusal in history.of(Refusal) if refusal.key in who.names)
    polls = _polls(history, ops, shown)
    shown.update(index for index, frame in history.of(Wire) if who.in_frame(frame) and not polls(frame))
    shown.update(index for found in around for index in found.around)
    shown.update(index for index, event in history.of(FastForward) if not who.names.isdisjoint(event.task_ids))
    return shown | {index for op in ops for index in op.evidence}, shown


def _polls(history: History, ops: list[Op], shown: set[int]) -> Callable[[Wire], bool]:
    """Whether a frame belongs to a status request that is not shown because its answer repeats the previous one."""
    apis = {event.component for _, event in history.of(Process) if event.role == "api"}
    spans = [(op.invoked.t, op.returned.t) for op in ops if op.returned is not None and op.invoked_at not in shown]

    def is_of_a_poll(frame: Wire) -> bool:
        return frame.component in apis and any(begin <= frame.t <= end for begin, end in spans)

    return is_of_a_poll


def _telling(ops: list[Op]) -> Iterator[Op]:
    """Return every submission, and each status request whose answer differs from the previous one."""
    before: tuple[object, ...] | None = None
    for op in ops:
        if op.invoked.kind == "submit":
            yield op
            continue
        answer = op.returned
        said = ("never",) if answer is None else (answer.outcome, answer.http_status, answer.state)
        if said != before:
            yield op
        before = said


def _surroundings(history: History, begin_t: float, end_t: float) -> Iterator[int]:
    for kind in (Fault, Process):
        yield from (index for index, event in history.of(kind) if begin_t <= event.t <= end_t + _AFTER_S)
    quiescence = Facts.of(history).quiescence
    if quiescence is not None:
        yield quiescence[0]


def _lanes(steps: Iterable[Step], known: AbstractSet[str]) -> tuple[str, ...]:
    seen = dict.fromkeys(lane for step in steps for lane in (step.source, step.target))
    servers = [lane for lane in seen if lane in known]
    components = [lane for lane in seen if lane not in _EXTERNAL and lane not in known]
    return (
        *(lane for lane in (CLIENT,) if lane in seen),
        *sorted(components, key=lambda lane: lane != "api"),
        *sorted(servers),
        *(lane for lane in (MAIL,) if lane in seen),
    )


class _Scene:
    """Makes steps from events. It knows which component is at which end of a link, and which one the clients call."""

    def __init__(self, history: History, broker: str) -> None:
        self._history = history
        self.broker = history.server(broker)
        stores = {event.store for event in history if isinstance(event, Wire | Sample | FastForward)}
        self.servers = {self.broker, *map(history.server, stores)}
        processes = [event for _, event in history.of(Process)]
        self._api = next((event.component for event in processes if event.role == "api"), "api")
        self._asked = {event.op: event for _, event in history.of(Invoked)}

    def ends_of(self, frame: Wire) -> tuple[str, str]:
        """Return the component and the server of a frame's link."""
        return frame.component, self._history.server(frame.store)

    def step(self, index: int) -> Step:
        """Return the step for an event."""
        event = self._history[index]
        source, target, text, kind = self._outside(event) or self._inside(event)
        stopped = isinstance(event, Wire) and not arrived(event)
        return Step(t=event.t, event=index, source=source, target=target, text=text, kind=kind, stopped=stopped)

    def _outside(self, event: AnyEvent) -> tuple[str, str, str, StepKind] | None:
        match event:
            case Invoked():
                return CLIENT, self._api, self._question(event), "message"
            case Returned():
                return self._api, CLIENT, self._answer(event), "message"
            case Wire(direction="request"):
                return *self.ends_of(event), _frame(event), "message"
            case Wire():
                component, server = self.ends_of(event)
                return server, component, _frame(event), "message"
            case Effect() | Refusal():
                return MAIL, MAIL, _mail(event), "note"
        return None

    def _inside(self, event: AnyEvent) -> tuple[str, str, str, StepKind]:
        match event:
            case Probe():
                kind: StepKind = "end" if event.word in ENDS else "note"
                return event.component, event.component, _joined(event.word, event.detail), kind
            case Process():
                return event.component, event.component, _process(event), "process"
            case Fault():
                return "", "", _fault(event), "fault"
            case FastForward():
                lane = self._history.server(event.store)
                return lane, lane, "visibility timeout fast-forwarded: back in the queue", "note"
            case Quiescence():
                return "", "", _quiescence(event), "end"
        raise AssertionError(f"no step is made of {event}")

    def _question(self, event: Invoked) -> str:
        asked = "POST submit" if event.kind == "submit" else f"GET {STATUS}"
        return asked if event.op in self._history.returns else f"{asked} (never answered)"

    def _answer(self, event: Returned) -> str:
        asked = self._asked.get(event.op)
        word = f"{STATUS} " if asked is not None and asked.kind == "status" else ""
        code = str(event.http_status) if event.http_status else "no answer"
        task = f"task {event.task_id}" if event.task_id else ""
        return word + _joined(_words(code, event.state, task), event.error)


def _words(*words: str) -> str:
    return " ".join(word for word in words if word)


def _mail(event: Effect | Refusal) -> str:
    if isinstance(event, Refusal):
        return f"refused an e-mail: {event.code}"
    return _joined("accepted an e-mail", event.message_id)


def _joined(said: str, detail: str) -> str:
    return f"{said}: {detail}" if detail else said


def _frame(frame: Wire) -> str:
    said = _words(frame.command, frame.key)
    said = {"request": said, "reply": f"reply to {said}", "push": _words("push", said)}[frame.direction]
    if frame.fate == "passed":
        return said
    return f"{said} ({frame.fate}{'' if arrived(frame) else ', never arrived'})"


def _fault(event: Fault) -> str:
    stage = _STAGES[event.stage]
    where = f"on {event.target}" if event.target and event.stage != "bit" else ""
    return _joined(_words("FAULT", event.name, stage, where), event.detail)


def _process(event: Process) -> str:
    said = "gave up" if event.word == "gave_up" else event.word
    if event.word == "exited":
        cause = f"signal {-event.code}" if event.code < 0 else f"code {event.code}"
        return f"process {event.pid} exited, {cause}"
    return f"process {event.pid} {said}"


def _quiescence(event: Quiescence) -> str:
    left = f"{event.queued} queued, {event.unacked} unacked, {event.executing} executing"
    return _joined("QUIET" if event.proved else f"NOT PROVED QUIET ({left})", event.detail)
