"""Is a message acknowledged only when its task has ended?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Task
from stormproof.history import History, Indexed, Probe, Wire
from stormproof.verdict import Finding, Verdict

_CHILD_LOST = "WorkerLostError"


@dataclass(frozen=True, slots=True)
class AcknowledgesLate:
    """Until a task has ended, the broker keeps its message: who dies meanwhile loses nothing.

    Reads the wire: a message is acknowledged by HDEL of its delivery tag from `unacked`, unless HGET has just asked for it to give it back.
    Observes the acknowledgements of promised tasks that were executed. Findings:

    acknowledged_early: a message was acknowledged before any execution of its task had ended
    acknowledged_dead: a message was acknowledged although the process that ran its task had died of it
    """

    name: ClassVar[str] = "acknowledges_late"
    kinds: ClassVar[tuple[str, ...]] = ("acknowledged_early", "acknowledged_dead")

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        promised = {task.task_id: task for task, _ in facts.promised if task.starts}
        acknowledged = [
            (promised[task_id], wire) for task_id, wire in _acknowledgements(history) if task_id in promised
        ]
        findings = (found for task, wire in acknowledged if (found := _finding(task, wire)) is not None)
        return Verdict.of(self.name, findings, observed=len(acknowledged))


def _acknowledgements(history: History) -> Iterator[tuple[str, Indexed[Wire]]]:
    """Each acknowledgement with the task id of its message."""
    task_of: dict[str, str] = {}
    given_back: set[tuple[str, int, str]] = set()
    for index, event in history.of(Wire):
        if event.key != "unacked" or event.direction != "request" or not event.ids:
            continue
        tag, where = event.ids[0], (event.link, event.connection, event.ids[0])
        if event.command == "HSET" and len(event.ids) > 1:
            task_of[tag] = event.ids[1]
        elif event.command == "HGET":
            given_back.add(where)
        elif event.command == "HDEL" and where not in given_back and tag in task_of:
            yield task_of[tag], (index, event)


def _finding(task: Task, wire: Indexed[Wire]) -> Finding | None:
    at, frame = wire
    lines = [line for line in task.probes if line[1].t <= frame.t]
    ended = [line for line in lines if line[1].word not in ("received", "started")]
    if not ended:
        first = task.starts[0]
        message = f"{task}: acknowledged at {frame.t:.2f} s, before its execution of {first[1].t:.2f} s had ended"
        return Finding(kind="acknowledged_early", message=message, evidence=(first[0], at), key=task.key)
    if all(_says_that_the_child_died(line[1]) for line in ended):
        index, last = ended[-1]
        message = f"{task}: acknowledged at {frame.t:.2f} s, though its process died: {last.detail:.80}"
        return Finding(kind="acknowledged_dead", message=message, evidence=(index, at), key=task.key)
    return None


def _says_that_the_child_died(probe: Probe) -> bool:
    return probe.word == "failed" and probe.pid == probe.parent and probe.detail.startswith(_CHILD_LOST)
