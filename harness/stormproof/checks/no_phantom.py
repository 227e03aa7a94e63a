"""Did a task run that nobody submitted?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Op, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import History, Indexed, Process, Wire


@dataclass(frozen=True, slots=True)
class NoPhantom:
    """Every task that runs was submitted, and its submission did not certainly fail.

    A task with an unknown id and no key belongs to the system (a periodic task, for example), unless it has the name of a
    submitted task. Even with such a name it belongs to the system if a scheduler (a component with the role `beat`)
    published it. It belongs to a submission if a message names it together with a task of that submission, as the messages
    of a workflow do. It may also be the task of a submission whose answer was lost, one task for each. Observes the
    executed tasks. Findings:

    phantom: a task ran whose id no submission returned and whose key nobody submitted (unknown if it has no key and its message was not seen)
    ran_after_fail: a task ran although every submission of its key certainly failed
    """

    name: ClassVar[str] = "no_phantom"
    kinds: ClassVar[Kinds] = {
        "phantom": Category.PHANTOM,
        "ran_after_fail": Category.PHANTOM,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        executed = [task for task in facts.tasks.values() if task.starts]
        return Verdict.of(self.name, _findings(history, facts, executed), observed=len(executed))


def _findings(history: History, facts: Facts, executed: list[Task]) -> Iterator[Finding]:
    unknown = [task for task in executed if not task.submits and not _may_have_run(facts, task.key)]
    if not unknown:
        return
    submitted_names = {start.task for task in executed if task.submits for _, start in task.starts}
    messages = _Messages(history, facts)
    alike = (task for task in unknown if not task.key and task.starts[0][1].task in submitted_names)
    nobodys = _nobodys(facts, messages, alike)
    for task in unknown:
        starts = tuple(index for index, _ in task.starts)
        began = f"{task}: ran as {task.starts[0][1].task} at {task.starts[0][1].t:.1f} s"
        submissions = facts.keys.get(task.key)
        if submissions:
            ends = tuple(index for op in submissions for index in op.evidence)
            message = (
                f"{began}, though {'its submission' if len(submissions) == 1 else 'each submission'} certainly failed"
            )
            yield Finding(kind="ran_after_fail", message=message, evidence=(*ends, *starts), key=task.key)
        elif task.key:
            yield Finding(kind="phantom", message=f"{began}, and nobody submitted it", evidence=starts, key=task.key)
        elif task.task_id in nobodys:
            yield _without_key(began, starts, messages.first.get(task.task_id))


def _without_key(began: str, starts: tuple[int, ...], published: Indexed[Wire] | None) -> Finding:
    if published is None:
        message = (
            f"{began}; no submission returned its id, no key is in its arguments, and its message was not seen, so nobody knows "
            "who submitted it; let {key} of `submit` reach the task's arguments"
        )
        return Finding(kind="phantom", message=message, evidence=starts, status=Status.UNKNOWN)
    index, frame = published
    message = f"{began}, published by {frame.component} at {frame.t:.1f} s, and nobody submitted it"
    return Finding(kind="phantom", message=message, evidence=(index, *starts))


def _may_have_run(facts: Facts, key: str) -> bool:
    return any(not op.certainly_failed for op in facts.keys.get(key, ()))


class _Messages:
    """The tasks' messages as seen on the links. `first`: task id -> the first frame that published it, with its index."""

    def __init__(self, history: History, facts: Facts) -> None:
        self.first: dict[str, Indexed[Wire]] = {}
        self._groups: dict[str, set[str]] = {}
        self._schedulers = {event.component for _, event in history.of(Process) if event.role == "beat"}
        for index, frame in history.of(Wire):
            if frame.direction == "request" and frame.meaning in ("publish", "requeue"):
                # Its own task comes first, then (as root, parent or group) those it comes from. A receiver of replies is not a task.
                named = {name for name in frame.ids if name in facts.tasks}
                group = named.union(*(self._groups.get(name, ()) for name in named))
                self._groups.update(dict.fromkeys(group, group))
                self.first.setdefault(frame.ids[0] if frame.ids else "", (index, frame))

    def group(self, task: Task) -> frozenset[str]:
        """Return the ids of all tasks that messages name together with this one, directly or through others."""
        return frozenset(self._groups.get(task.task_id, {task.task_id}))

    def is_scheduled(self, task_id: str) -> bool:
        """Whether a scheduler published the task."""
        published = self.first.get(task_id)
        return published is not None and published[1].component in self._schedulers

    def appeared_t(self, task: Task) -> float:
        """Return when the task was first seen."""
        published = self.first.get(task.task_id)
        return min(task.starts[0][1].t, published[1].t if published else task.starts[0][1].t)


def _nobodys(facts: Facts, messages: _Messages, tasks: Iterable[Task]) -> set[str]:
    """Return the ids of the tasks that nobody submitted.

    No message names such a task together with one that was submitted or that a scheduler published, and it is not
    explained by a lost answer: each lost answer explains one task (and the tasks named together with it).
    """
    lost_t = sorted(op.invoked.t for op in _answers_lost(facts))
    settled: set[str] = set()
    found: set[str] = set()
    for task in sorted(tasks, key=messages.appeared_t):
        group = messages.group(task)
        if task.task_id in settled or any(
            _is_submitted(facts, other) or messages.is_scheduled(other) for other in group
        ):
            continue
        if lost_t and lost_t[0] <= messages.appeared_t(task):
            lost_t.pop(0)
            settled |= group
        else:
            found.add(task.task_id)
    return found


def _is_submitted(facts: Facts, task_id: str) -> bool:
    task = facts.tasks[task_id]
    return bool(task.submits) or _may_have_run(facts, task.key)


def _answers_lost(facts: Facts) -> Iterator[Op]:
    """Yield the submissions that may have created a task whose id never came back."""
    seen = {task.key for task in facts.tasks.values() if task.starts}
    for key, ops in facts.keys.items():
        if key not in seen:
            yield from (
                op for op in ops if not op.certainly_failed and (op.returned is None or not op.returned.task_id)
            )
