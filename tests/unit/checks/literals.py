"""Short words for literal histories, and the table form in which each check's tests write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from frames import frame
from stormproof import history as h
from stormproof.checks import Check
from stormproof.checks.verdict import Status

KEY = "storm-00ab-0001"
OTHER = "storm-00ab-0002"

Part = h.AnyEvent | tuple["Part", ...]


def history(*parts: Part) -> h.History:
    """A history of events, one or several at a time."""
    events: list[h.AnyEvent] = []
    for part in parts:
        events.extend(history(*part) if isinstance(part, tuple) else (part,))
    return h.History(events)


def closed(*parts: Part) -> h.History:
    """A history that was closed in order."""
    events = [*history(*parts)]
    return h.History([*events, h.Closed.of(events)])


def asked(t: float, op: int, key: str = KEY, purpose: h.Purpose = "workload") -> h.Invoked:
    """A submission begins."""
    return h.Invoked(t=t, op=op, kind="submit", key=key, purpose=purpose)


def accepted(
    t: float, op: int = 1, task_id: str = "a", key: str = KEY, purpose: h.Purpose = "workload"
) -> tuple[h.AnyEvent, ...]:
    """A submission that is acknowledged 0.1 s later: two events."""
    return asked(t, op, key, purpose), h.Returned(t=t + 0.1, op=op, outcome="ok", http_status=202, task_id=task_id)


def refused(t: float, op: int = 1, key: str = KEY) -> tuple[h.AnyEvent, ...]:
    """A submission that certainly failed: two events."""
    return asked(t, op, key), h.Returned(t=t + 0.1, op=op, outcome="fail", error="ConnectError")


def look(t: float, op: int, task_id: str = "a", key: str = KEY) -> h.Invoked:
    """A question for the status begins."""
    return h.Invoked(t=t, op=op, kind="status", key=key, task_id=task_id)


def said(t: float, op: int, state: str, value: str = "") -> h.Returned:
    """The answer to it."""
    success, failure = state == "SUCCESS", state in ("FAILURE", "REVOKED")
    return h.Returned(
        t=t,
        op=op,
        outcome="ok",
        http_status=200,
        state=state,
        terminal=success or failure,
        success=success,
        value=value,
    )


def status(
    t: float, op: int, state: str, value: str = "", task_id: str = "a", key: str = KEY
) -> tuple[h.AnyEvent, ...]:
    """A question for the status and its answer 0.1 s later: two events."""
    return look(t, op, task_id, key), said(t + 0.1, op, state, value)


def broken(t: float, op: int, http_status: int = 500, took_s: float = 0.1, **more: Any) -> tuple[h.AnyEvent, ...]:
    """A question for the status that ends in an error: two events."""
    return look(t, op), h.Returned(t=t + took_s, op=op, outcome="info", http_status=http_status, **more)


def probe(t: float, word: h.ProbeWord, task_id: str = "a", key: str = KEY, pid: int = 11, **more: Any) -> h.Probe:
    """A line of the probe in pool child `pid` of the worker 10."""
    return h.Probe(
        t=t, component="worker", pid=pid, parent=10, word=word, task_id=task_id, key=key, **{"task": "send", **more}
    )


def process(t: float, component: str, word: h.ProcessWord, pid: int = 10, **more: Any) -> h.Process:
    """A step in the life of a component's process; its role is its name."""
    return h.Process(t=t, component=component, role=component, pid=pid, word=word, **more)


def fault(
    t: float, stage: h.FaultStage, number: str = "0.0", name: str = "kill", target: str = "worker", detail: str = ""
) -> h.Fault:
    """A stage of an injection."""
    return h.Fault(t=t, fault=number, name=name, stage=stage, target=target, detail=detail)


def phase(t: float, name: str) -> h.Phase:
    """A phase begins."""
    return h.Phase(t=t, name=name)


def pressure(t: float, cpu_waited_s: float) -> h.Pressure:
    return h.Pressure(t=t, cpu_waited_s=cpu_waited_s)


def quiet(t: float, **left: Any) -> h.Quiescence:
    """It is proved that nothing can change any more."""
    return h.Quiescence(t=t, proved=True, **left)


def unquiet(t: float) -> h.Quiescence:
    """The time was over before that could be proved."""
    return h.Quiescence(t=t, proved=False, queued=1, detail="not quiet within 45 s")


def sample(t: float, queued: int = 0, up: bool = True, store: str = "broker", **more: int) -> h.Sample:
    """What a store says of itself."""
    return h.Sample(t=t, store=store, up=up, queued=queued, **more)


def handed_back(t: float, *task_ids: str, waited_s: float = 3600) -> h.FastForward:
    """The harness hands messages back whose worker is gone; the task `a` where none is named."""
    return h.FastForward(t=t, store="broker", task_ids=task_ids or ("a",), waited_s=waited_s)


def settings(t: float, processes: int = 1, component: str = "worker", **more: Any) -> h.Settings:
    """What a worker says of itself."""
    return h.Settings(t=t, component=component, pid=10, pool="prefork", processes=processes, **more)


def wire(t: float, command: str, *ids: str) -> h.Wire:
    """A request of the worker's about the hash `unacked`."""
    return frame(t, command, key="unacked", ids=ids)


def published(t: float, *ids: str, link: str = "api") -> h.Wire:
    """A message is put into the queue: its task's id comes first, then whatever else it names."""
    return frame(t, "LPUSH", link=link, connection=2, key="celery", ids=ids)


def lost(t: float, op: int, key: str = OTHER) -> tuple[h.AnyEvent, ...]:
    """A submission whose answer is lost 0.1 s later, as when the API is killed: two events."""
    return asked(t, op, key), h.Returned(t=t + 0.1, op=op, outcome="info", error="ReadError")


@dataclass(frozen=True)
class Case:
    """A history and what a check must make of it.

    `finds`: kind of finding -> its evidence; empty: the check accepts it. `avoids`: which kind an accepted history is
    the counterpart of. `unknown`: the findings leave it undecided; `remark`: they accuse nobody.
    """

    title: str
    history: h.History
    finds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    avoids: str = ""
    unknown: bool = False
    remark: bool = False

    def __str__(self) -> str:
        return self.title

    def fresh(self) -> h.History:
        """The same history, with nothing derived from it yet."""
        return h.History([*self.history])

    def must_hold(self, check: Check) -> None:
        """Assert that the check says so."""
        verdict = check(self.fresh())
        assert {finding.kind: finding.evidence for finding in verdict.findings} == self.finds
        assert len(verdict.findings) == len(self.finds)
        wanted = Status.VALID if self.remark or not self.finds else Status.UNKNOWN if self.unknown else Status.INVALID
        assert verdict.status is wanted
        assert verdict.check == check.name
        assert all(finding.message and "\n" not in finding.message for finding in verdict.findings)
