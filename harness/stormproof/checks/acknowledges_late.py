"""Is a message acknowledged only after its task has ended?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from stormproof.checks.facts import Facts, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History, Probe, Wire

_CHILD_LOST = "WorkerLostError"


@dataclass(frozen=True, slots=True)
class AcknowledgesLate:
    """The broker keeps a task's message until the task has ended, so a worker that dies first loses nothing.

    Reads from the wire which message a worker holds and when the worker acknowledges it. Observes the acknowledgements
    of promised tasks that were executed, except those after the last line of any probe. Findings:

    acknowledged_early: a message was acknowledged before any execution of its task had ended
    acknowledged_dead: a message was acknowledged although the process that ran its task had died while running it
    """

    name: ClassVar[str] = "acknowledges_late"
    kinds: ClassVar[Kinds] = {
        "acknowledged_early": Category.WRONG,
        "acknowledged_dead": Category.WRONG,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        promised = {task.task_id: task for task, _ in facts.promised if task.starts}
        found = [
            (promised[ack.task_id], ack)
            for ack in _acknowledgements(history)
            if ack.task_id in promised and ack.frame.t <= facts.heard_until_t
        ]
        findings = (finding for task, ack in found if (finding := _finding(task, ack)) is not None)
        return Verdict.of(self.name, findings, observed=len(found))


class _Acknowledgement(NamedTuple):
    """The acknowledgement of one message of a task; `delivery` numbers, from 0, the deliveries of the task to this worker."""

    task_id: str
    delivery: int
    at: int
    frame: Wire


def _acknowledgements(history: History) -> Iterator[_Acknowledgement]:
    given: Counter[tuple[str, str]] = Counter()
    message_of: dict[str, tuple[str, int]] = {}
    for index, event in history.of(Wire):
        if event.direction != "request" or not event.ids:
            continue
        tag = event.ids[0]
        if event.meaning == "hold" and len(event.ids) > 1:
            task_id = event.ids[1]
            message_of[tag] = task_id, given[task_id, event.component]
            given[task_id, event.component] += 1
        elif event.meaning == "acknowledge" and tag in message_of:
            # An acknowledgement takes several frames; the first counts.
            yield _Acknowledgement(*message_of.pop(tag), index, event)


def _finding(task: Task, ack: _Acknowledgement) -> Finding | None:
    frame = ack.frame
    lines = [line for line in task.probes if line[1].t <= frame.t]
    ended = [line for line in lines if line[1].word not in ("received", "started")]
    if not ended:
        first = task.starts[0]
        message = f"{task}: acknowledged at {frame.t:.2f} s, before its execution of {first[1].t:.2f} s had ended"
        return Finding(kind="acknowledged_early", message=message, evidence=(first[0], ack.at), key=task.key)
    deaths = [line for line in ended if _says_that_the_child_died(line[1])]
    own = _processes(task, ack)
    if deaths and not any(own is None or line[1].pid in own for line in ended if line not in deaths):
        index, last = deaths[-1]
        message = f"{task}: acknowledged at {frame.t:.2f} s, though its process died: {last.detail:.80}"
        return Finding(kind="acknowledged_dead", message=message, evidence=(index, ack.at), key=task.key)
    return None


def _processes(task: Task, ack: _Acknowledgement) -> tuple[int, int] | None:
    """Return the processes that can report the end of the execution that this message started, or None if that is unknown.

    Another message of the same task may have been executed since.
    """
    executions = [probe for _, probe in task.starts if probe.component == ack.frame.component]
    if ack.delivery >= len(executions):
        return None
    return executions[ack.delivery].pid, executions[ack.delivery].parent


def _says_that_the_child_died(probe: Probe) -> bool:
    return probe.word == "failed" and probe.pid == probe.parent and probe.detail.startswith(_CHILD_LOST)
