"""Did anything run that nobody asked for?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Task
from stormproof.history import History
from stormproof.verdict import Category, Finding, Kinds, Verdict


@dataclass(frozen=True, slots=True)
class NoPhantom:
    """What runs was submitted, and its submission has not certainly failed.

    A task of unknown id and without a key is the system's own (a periodic one, say), unless it has the name of a task
    that was submitted. Observes the executed tasks. Findings:

    phantom: a task ran whose id no submission returned and whose key nobody submitted
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
        return Verdict.of(self.name, _findings(facts, executed), observed=len(executed))


def _findings(facts: Facts, executed: list[Task]) -> Iterator[Finding]:
    unknown = [task for task in executed if not task.submits and not _may_have_run(facts, task.key)]
    if not unknown:
        return
    submitted_names = _names(task for task in executed if task.submits)
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
        elif task.key or task.starts[0][1].task in submitted_names:
            yield Finding(kind="phantom", message=f"{began}, and nobody submitted it", evidence=starts, key=task.key)


def _may_have_run(facts: Facts, key: str) -> bool:
    return any(not op.certainly_failed for op in facts.keys.get(key, ()))


def _names(tasks: Iterable[Task]) -> set[str]:
    return {start.task for task in tasks for _, start in task.starts}
