"""Does every task that the system accepted reach an end?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Op, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import History, Process


@dataclass(frozen=True, slots=True)
class NoTaskLost:
    """An acknowledged submission reaches an end, as reported by its probe or its status.

    Observes the acknowledged tasks of workload and recovery. Findings:

    lost: a task has no end, and it is proved that nothing is queued, unacknowledged or executing any more
    stuck: a task has no end, and it is proved that no worker will take the messages that are left
    unsettled: a task has no end yet, and nothing proves that none will come (unknown)
    stranded: a task's worker was gone, and the task would have waited for the visibility timeout, which was fast-forwarded (a remark)
    """

    name: ClassVar[str] = "no_task_lost"
    kinds: ClassVar[Kinds] = {
        "lost": Category.LOST,
        "stuck": Category.STUCK,
        "unsettled": Category.UNDECIDED,
        "stranded": Category.STRANDED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        return Verdict.of(self.name, [*_findings(history, facts), *_stranded(facts)], observed=len(facts.promised))


def _findings(history: History, facts: Facts) -> Iterator[Finding]:
    exits = {event.pid: (index, event) for index, event in history.of(Process) if event.word == "exited"}
    for task, op in facts.promised:
        if not task.ended:
            yield _finding(facts, task, op, exits)


def _stranded(facts: Facts) -> Iterator[Finding]:
    """Yield one finding per task, however often it was requeued."""
    for task, op in facts.promised:
        for index, event in facts.forwarded.get(task.task_id, ())[:1]:
            timeout = f" of {event.waited_s:g} s" if event.waited_s else ""
            message = f"{task}: waited for the visibility timeout{timeout}, which was fast-forwarded at {event.t:.1f} s"
            evidence = (*op.evidence, index)
            yield Finding(kind="stranded", message=message, evidence=evidence, key=task.key, status=Status.VALID)


def _finding(facts: Facts, task: Task, op: Op, exits: dict[int, tuple[int, Process]]) -> Finding:
    place, seen = _last_known_place(task, exits)
    evidence = (*op.evidence, *seen)
    if facts.quiescence is None:
        message = f"{task}: {place}; the run ended before it was quiescent"
        return Finding(kind="unsettled", message=message, evidence=evidence, key=task.key, status=Status.UNKNOWN)
    index, quiet = facts.quiescence
    evidence += (index,)
    accepted_later = op.returned is not None and op.returned.t > quiet.t
    if not quiet.proved or accepted_later:
        why = (
            f"accepted after the proof of {quiet.t:.1f} s" if quiet.proved else f"not proved quiescent: {quiet.detail}"
        )
        message = f"{task}: {place}; {why}"
        return Finding(kind="unsettled", message=message, evidence=evidence, key=task.key, status=Status.UNKNOWN)
    if quiet.queued or quiet.unacked or quiet.backlog:
        left = f"{quiet.queued} queued, {quiet.unacked} unacknowledged and {quiet.backlog} held back"
        message = f"{task}: {place}; at {quiet.t:.1f} s {left}, and nobody will take them"
        return Finding(kind="stuck", message=message, evidence=evidence, key=task.key)
    message = f"{task}: {place}; at {quiet.t:.1f} s nothing was queued, unacknowledged or executing"
    return Finding(kind="lost", message=message, evidence=evidence, key=task.key)


def _last_known_place(task: Task, exits: dict[int, tuple[int, Process]]) -> tuple[str, tuple[int, ...]]:
    """Return where the task was last seen, and the indexes that prove it."""
    lines = task.probes
    if not lines:
        return "no worker ever received it", ()
    index, last = lines[-1]
    where = f"{last.word} by process {last.pid} of {last.component} at {last.t:.1f} s"
    for pid in (last.pid, last.parent):
        if pid in exits and exits[pid][1].t >= last.t:
            exit_index, exited = exits[pid]
            return f"{where}, whose process {pid} exited ({exited.code}) at {exited.t:.1f} s", (index, exit_index)
    return where, (index,)
