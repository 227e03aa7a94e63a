"""Are Celery's events, and so what Flower shows, correct?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import CeleryEvent, History, Indexed

_TERMINAL = frozenset({"succeeded", "failed"})
_WITHOUT_RUN = frozenset({"unknown"})


@dataclass(frozen=True, slots=True)
class EventsAgree:
    """An event that reports how a task ended agrees with one of its executions, as the probe saw them.

    A missing event is not a finding, because pub/sub drops messages that nobody receives. But if events are `promised`, it
    is a finding if none arrives at all. Observes the events that report success or failure. If a system sends no events
    and promises none, observes the tasks that ended instead, since no event could be wrong about them. Findings:

    contradicts_probe: the event reports success and every end that the probe saw is a failure, or the reverse
    silent: events are promised, tasks ended before the first fault, and no event reported any of them
    event_without_run: the event reports the end of a task that no probe saw start (unknown if the probes' last lines may be missing)
    """

    promised: bool = False

    name: ClassVar[str] = "events_agree"
    kinds: ClassVar[Kinds] = {
        "contradicts_probe": Category.WRONG,
        "silent": Category.WRONG,
        "event_without_run": Category.WRONG,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        ends = [line for line in history.of(CeleryEvent) if line[1].word in _TERMINAL]
        findings = [*_findings(facts, ends), *(_silent(facts, history) if self.promised else ())]
        silent = 0 if self.promised else sum(len(task.ends) for task in facts.tasks.values())
        return Verdict.of(self.name, findings, observed=len(ends) or silent)


def _findings(facts: Facts, events: list[Indexed[CeleryEvent]]) -> Iterator[Finding]:
    for index, event in events:
        # The probes' lines arrive a moment after the events. If a run stopped during an execution, the last ones may be missing.
        heard = "stop" in facts.phases and event.t <= facts.heard_until_t
        task = facts.tasks.get(event.task_id)
        said = f"task {event.task_id}: event task-{event.word} at {event.t:.1f} s"
        if task is None or not (task.starts or task.ends or any(line.word in _WITHOUT_RUN for _, line in task.others)):
            message = f"{said}, but no worker started it"
            key = task.key if task is not None else ""
            yield Finding(
                kind="event_without_run",
                message=message,
                evidence=(index,),
                key=key,
                status=Status.INVALID if heard else Status.UNKNOWN,
            )
        elif heard and _contradicts(event.word, task):
            words = ", ".join(sorted({end.word for _, end in task.ends}))
            evidence = (*(end_index for end_index, _ in task.ends), index)
            yield Finding(
                kind="contradicts_probe", message=f"{said}, but the probe saw: {words}", evidence=evidence, key=task.key
            )


def _silent(facts: Facts, history: History) -> Iterator[Finding]:
    if history.of(CeleryEvent):
        return
    ended = [line for task in facts.tasks.values() for line in task.ends if line[1].t < facts.calm_until_t]
    if ended:
        index, first = ended[0]
        message = f"{len(ended)} tasks ended before any fault, the first at {first.t:.1f} s, and no event told of any"
        yield Finding(kind="silent", message=message, evidence=(index,))


def _contradicts(word: str, task: Task) -> bool:
    told = {end.word for _, end in task.ends} & _TERMINAL
    return bool(told) and word not in told
