"""Does every task run as often as the system promises?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from stormproof.checks.facts import PROMISED, Facts, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import History, Indexed, Probe

_AGAIN = frozenset({"retried", "ignored", "rejected"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """A task runs at most once, or at least once; `executions` limits how often it is started, with retries (None: no limit).

    A task that asks to run again (by a retry, `self.replace`, or a rejection with requeue) does not count as repeated, nor
    does one that the harness redelivered by a fast-forward. `may_expire`: work whose expiry time has passed need not
    run. Observes the acknowledged tasks (at least once) or the executed tasks (at most once). Findings:

    executed_twice: at most once was promised, and one task id was executed more than once
    repeated_in_calm: before the first fault, a task that was submitted once was started again without asking for it
    executed_too_often: a task was started more often than `executions`
    never_executed: at least once was promised, and it is proved that an acknowledged task will never be executed
    expired: an acknowledged task expired before a worker started it (a remark under at-most-once, or if work may expire)
    unsettled: an acknowledged task was not executed yet, and nothing proves that it never will be (unknown)
    """

    promise: Literal["at_least_once", "at_most_once"]
    executions: int | None = None
    may_expire: bool = False

    name: ClassVar[str] = "delivery"
    kinds: ClassVar[Kinds] = {
        "executed_twice": Category.REPEATED,
        "repeated_in_calm": Category.REPEATED,
        "executed_too_often": Category.REPEATED,
        "never_executed": Category.NEVER_RAN,
        "expired": Category.LOST,
        "unsettled": Category.UNDECIDED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        executed = [task for task in facts.tasks.values() if task.starts and _is_promised(facts, task)]
        if self.promise == "at_least_once":
            findings = [*_never_executed(facts), *_repeated_in_calm(facts, executed)]
            observed = len(facts.promised)
        else:
            findings, observed = [*_executed_twice(facts, executed)], len(executed)
        if self.executions is not None:
            findings += _executed_too_often(facts, executed, self.executions)
        excused = self.may_expire or self.promise == "at_most_once"
        findings += _expired(facts, Status.VALID if excused else Status.INVALID)
        return Verdict.of(self.name, findings, observed=observed)


def _is_promised(facts: Facts, task: Task) -> bool:
    return any(op.invoked.purpose in PROMISED for op in facts.submissions(task))


def _asked_again(task: Task) -> int:
    """Count the executions that asked for another: by a retry, `self.replace` (which ends as ignored), or a rejection with requeue.

    A second execution that finds the work already done, and is ignored, asked for nothing: no other starts after it.
    """
    running: list[Indexed[Probe]] = []
    asked = 0
    for index, line in task.probes:
        if line.word == "started":
            running.append((index, line))
        elif line.word in _AGAIN:
            own = [start for start in running if (start[1].pid, start[1].task) == (line.pid, line.task)]
            if own:
                running.remove(own[-1])
                asked += own[-1] != task.starts[-1]
    return asked


def _handed_back(facts: Facts, task: Task) -> int:
    """Count how often the harness had a task started again."""
    return sum(index > task.starts[0][0] for index, _ in facts.forwarded.get(task.task_id, ()))


def _executed_twice(facts: Facts, tasks: list[Task]) -> Iterator[Finding]:
    for task in tasks:
        excused = sum(line.word in ("retried", "ignored") for _, line in task.others)
        executions = len(task.starts) - excused
        if executions > 1:
            times = ", ".join(f"{start.t:.1f} s by process {start.pid}" for _, start in task.starts)
            yield Finding(
                kind="executed_twice",
                message=f"{task}: executed {executions} times: {times}{facts.fast_forwards(task)}",
                evidence=tuple(index for index, _ in task.starts),
                key=task.key,
            )


def _repeated_in_calm(facts: Facts, tasks: list[Task]) -> Iterator[Finding]:
    for task in tasks:
        starts = [(index, start) for index, start in task.starts if start.t < facts.calm_until_t]
        asked = _asked_again(task)
        most = 1 + asked + _handed_back(facts, task)
        if len(starts) > most and len(facts.submissions(task)) == 1:
            times = ", ".join(f"{start.t:.1f}" for _, start in starts)
            message = f"{task}: begun {len(starts)} times, at {times} s, with no fault; it asked for {asked} of them"
            message += facts.fast_forwards(task)
            evidence = tuple(index for index, _ in starts)
            yield Finding(kind="repeated_in_calm", message=message, evidence=evidence, key=task.key)


def _executed_too_often(facts: Facts, tasks: list[Task], most: int) -> Iterator[Finding]:
    for task in tasks:
        if len(task.starts) > most + _handed_back(facts, task):
            message = (
                f"{task}: started {len(task.starts)} times; {most} are promised at most{facts.fast_forwards(task)}"
            )
            evidence = tuple(index for index, _ in task.starts)
            yield Finding(kind="executed_too_often", message=message, evidence=evidence, key=task.key)


def _never_executed(facts: Facts) -> Iterator[Finding]:
    for task, op in facts.promised:
        if task.starts or task.ended or op.returned is None:
            continue
        accepted = f"{task}: acknowledged at {op.returned.t:.1f} s"
        if facts.proved is not None and op.returned.t <= facts.proved[1].t:
            evidence = (*op.evidence, facts.proved[0])
            yield Finding(
                kind="never_executed", message=f"{accepted} and never executed", evidence=evidence, key=task.key
            )
        else:
            message = f"{accepted} and not executed yet"
            yield Finding(kind="unsettled", message=message, evidence=op.evidence, key=task.key, status=Status.UNKNOWN)


def _expired(facts: Facts, status: Status) -> Iterator[Finding]:
    for task, op in facts.promised:
        ends = [line for line in task.ends if line[1].word == "revoked" and line[1].detail == "expired"]
        if ends and not task.starts:
            index, end = ends[0]
            message = f"{task}: accepted, and never ran: it expired before a worker began it, as told at {end.t:.1f} s"
            if status is Status.INVALID:
                message += "; if work may expire, say so: promises.may_expire = true"
            yield Finding(kind="expired", message=message, evidence=(*op.evidence, index), key=task.key, status=status)
