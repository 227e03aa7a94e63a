"""Does the system recover in time after the storm?"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Op, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.checks.workers import Workers
from stormproof.history import Fault, History, Indexed, Probe

_WORTH_TELLING_S = 0.05
_AT_ONCE_S = 3.0
"""A new task that was submitted within this time after the fault is measured from the fault, a later one from its submission."""


@dataclass(frozen=True, slots=True)
class RecoversWithin:
    """A new task, and any task that a worker had in hand, ends within `recovery_s` of the last heal.

    If a fault has no heal, its injection counts instead. If the first new task was submitted more than a few seconds later,
    its submission counts. Time in which every worker was busy executing tasks does not count, nor does the execution of the
    new task itself. An execution counts for no longer than the longest execution of another task that no fault overlapped:
    anything longer hangs. Observes the submissions that were made to measure the recovery. Findings:

    slow_recovery: the first new task ended too late
    no_recovery: no new task ended within the time
    hung: after the time, a process still had a task in hand that it started before the heal
    unsettled: no new task ended, and the run ended before the time was over (unknown)
    """

    recovery_s: float

    name: ClassVar[str] = "recovers_within"
    kinds: ClassVar[Kinds] = {
        "slow_recovery": Category.SLOW,
        "no_recovery": Category.WEDGED,
        "hung": Category.HUNG,
        "unsettled": Category.UNDECIDED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        stages = [line for line in history.of(Fault) if line[1].stage in ("injected", "healed")]
        submitted = [op for op in facts.ops if op.invoked.purpose == "recovery" and op.invoked.kind == "submit"]
        if not stages or not submitted:
            return Verdict.of(self.name, (), observed=0)
        healed = max(stages, key=lambda line: line[1].t)
        task_ids = {op.returned.task_id for op in submitted if op.returned is not None}
        tasks = [facts.tasks[task_id] for task_id in task_ids if task_id in facts.tasks]
        workers = Workers.of(history)
        longest_s = _longest_s(facts, workers, task_ids)

        def busy_s(from_t: float, to_t: float) -> float:
            return workers.busy_s(from_t, to_t, longest_s, task_ids)

        finding = self._finding(facts, healed, tasks, submitted, busy_s)
        findings = [*([] if finding is None else [finding]), *self._hung(facts, healed, longest_s)]
        return Verdict.of(self.name, findings, observed=len(submitted))

    def _hung(self, facts: Facts, healed: Indexed[Fault], longest_s: float) -> Iterator[Finding]:
        """Judge only a wait for quiescence that ended while live processes held tasks for longer than any task takes in calm."""
        if facts.quiescence is None or facts.quiescence[1].proved:
            return
        at, quiescence = facts.quiescence
        waited_s = quiescence.t - healed[1].t
        for task, _ in facts.promised if waited_s > self.recovery_s else ():
            open_start = _open_start(task) if task.task_id in quiescence.in_hand else None
            if open_start is not None and open_start[1].t < min(healed[1].t, quiescence.t - longest_s):
                index, start = open_start
                message = (
                    f"{task}: in the hands of process {start.pid} since {start.t:.1f} s, and {waited_s:.1f} s after the last heal; "
                    f"{self.recovery_s:g} s are promised"
                )
                yield Finding(kind="hung", message=message, evidence=(index, healed[0], at), key=task.key)

    def _finding(
        self,
        facts: Facts,
        healed: Indexed[Fault],
        tasks: list[Task],
        ops: list[Op],
        busy_s: Callable[[float, float], float],
    ) -> Finding | None:
        (healed_index, fault), first = healed, ops[0].invoked
        submitted = tuple(op.invoked_at for op in ops)
        ends = [end for task in tasks for end in _ends(task)]
        since, since_t = f"after {fault.name} was {fault.stage} at {fault.t:.1f} s", fault.t
        if (
            first.t > fault.t + _AT_ONCE_S
        ):  # The storm or the test went on without effect; the system is not to blame for that time.
            since, since_t = f"after the first was submitted at {first.t:.1f} s", first.t
        if ends:
            end_t, index = min(ends)
            took_s, work_s = end_t - since_t, busy_s(since_t, end_t)
            if took_s - work_s <= self.recovery_s:
                return None
            message = (
                f"the first new task ended {took_s:.1f} s {since}{_work(work_s)}; {self.recovery_s:g} s are promised"
            )
            return Finding(kind="slow_recovery", message=message, evidence=(healed_index, *submitted[:1], index))
        waited_s, work_s = facts.last_t - since_t, busy_s(since_t, facts.last_t)
        message = (
            f"none of {len(submitted)} new tasks ended in {waited_s:.1f} s {since}{_work(work_s)}; "
            f"{self.recovery_s:g} s are promised"
        )
        evidence = (healed_index, *submitted)
        if waited_s - work_s > self.recovery_s:
            return Finding(kind="no_recovery", message=message, evidence=evidence)
        return Finding(kind="unsettled", message=message, evidence=evidence, status=Status.UNKNOWN)


def _longest_s(facts: Facts, workers: Workers, own: Collection[str]) -> float:
    """Return the longest execution, in seconds, that no fault overlapped, of a task not in `own`."""
    spans = [span for span in workers.executions if span.end_t < math.inf and span.task_id not in own]
    calm = (
        span for span in spans if not any(window.overlaps(span.begin_t, span.end_t) for window in facts.fault_windows)
    )
    return max((span.end_t - span.begin_t for span in calm), default=0.0)


def _work(work_s: float) -> str:
    return f", for {work_s:.1f} s of which the workers were busy with tasks" if work_s >= _WORTH_TELLING_S else ""


def _open_start(task: Task) -> Indexed[Probe] | None:
    """Return the last execution whose own process did not report an end. The task may have ended in another process."""
    told = [(at, line.pid) for at, line in (*task.ends, *task.others) if line.word != "received"]
    for index, start in reversed(task.starts):
        if not any(at > index and pid in (start.pid, start.parent) for at, pid in told):
            return index, start
    return None


def _ends(task: Task) -> list[tuple[float, int]]:
    """Return when the task ended according to the system or the probe, each time with the index that proves it."""
    told = [(end.t, index) for index, end in task.ends if end.word == "succeeded"]
    return told + [(answer.t, index) for index, answer in task.terminal_answers]
