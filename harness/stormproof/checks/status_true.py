"""Does the status report what the task is doing?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Op, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History

_TOLD = frozenset({"succeeded", "failed", "retried", "ignored", "revoked", "rejected"})


@dataclass(frozen=True, slots=True)
class StatusTrue:
    """The status that a client reads while a task is in progress matches what the task is doing.

    Success is judged if `has_effects`, and only if the task itself sent the effect: a probe saw it start, no other task with
    its key started, and none of its executions had succeeded when the effect happened. A task that hands work on to another,
    which sends the effect later, is done. `running`: the states that mean that a process is working on the task now. They
    are judged if every execution that started had reported its end, and the last had asked for a retry. Observes the tasks
    whose status was read. Findings:

    success_before_effect: the status reported success while the task was still being executed, and its effect happened later
    waiting_called_running: the status reported that the task was being executed while it waited for a retry
    """

    has_effects: bool = False
    running: tuple[str, ...] = ()

    name: ClassVar[str] = "status_true"
    kinds: ClassVar[Kinds] = {
        "success_before_effect": Category.UNTRUE,
        "waiting_called_running": Category.UNTRUE,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        asked = [task for task in facts.tasks.values() if task.answers]
        begun = Counter(task.key for task in asked if task.starts)
        begun.update(task.key for task in facts.tasks.values() if task.starts and not task.answers)
        findings: list[Finding] = []
        for task in asked:
            if self.has_effects and begun[task.key] == 1:
                findings.extend(_too_early(facts, task))
            if self.running:
                findings.extend(self._waiting(task))
        return Verdict.of(self.name, findings, observed=len(asked) or len(facts.promised))

    def _waiting(self, task: Task) -> Iterator[Finding]:
        """Yield a finding for the first answer that is wrong."""
        for op in task.answers:
            if op.returned is None or op.returned.state not in self.running:
                continue
            waited_since = _waits(task, op, op.returned.t)
            if waited_since is not None:
                index, since_t = waited_since
                message = f"{task}: {op.returned.state} at {op.returned.t:.1f} s, and since {since_t:.1f} s it waited to be tried again"
                yield Finding(
                    kind="waiting_called_running", message=message, evidence=(index, *op.evidence), key=task.key
                )
                return


def _too_early(facts: Facts, task: Task) -> Iterator[Finding]:
    effects = facts.effects.get(task.key, [])
    said = min(((answer.t, index, answer) for index, answer in task.terminal_answers if answer.success), default=None)
    if not effects or not task.starts or said is None:
        return
    said_t, said_at, answer = said
    happened_at, effect = effects[0]
    succeeded = any(end.word == "succeeded" and end.t <= effect.t for _, end in task.ends)
    if said_t < effect.t and not succeeded:
        message = f"{task}: {answer.state} at {said_t:.1f} s, and its effect happened {effect.t - said_t:.1f} s later"
        evidence = (task.starts[0][0], said_at, happened_at)
        yield Finding(kind="success_before_effect", message=message, evidence=evidence, key=task.key)


def _waits(task: Task, op: Op, until_t: float) -> tuple[int, float] | None:
    """Return the end of the last execution if it asked for a retry and no execution ran while the status was being read."""
    starts = [start for _, start in task.starts if start.t <= until_t]
    told = [line for line in (*task.ends, *task.others) if line[1].word in _TOLD and line[1].t < op.invoked.t]
    if not starts or len(told) < len(starts):
        return None
    index, last = max(told, key=lambda line: line[1].t)
    return (index, last.t) if last.word == "retried" and last.t >= starts[-1].t else None
