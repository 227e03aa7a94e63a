"""Do the system's own metrics count what happened?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import Counts, History, Indexed


@dataclass(frozen=True, slots=True)
class CountsAgree:
    """Between the start and the end of a run, the metrics count as many successes and failures as the submissions read.

    Applies only if the system's description names its metrics. A submission whose answer was lost, and a task with no
    outcome, may or may not be counted. Judged only if it is proved that nothing can change any more. Observes the
    acknowledged tasks. Findings:

    miscounted: the metrics count fewer or more successes, or failures, than there were
    counts_unread: the metrics could not be read, or do not contain a sample of that name (unknown)
    """

    name: ClassVar[str] = "counts_agree"
    kinds: ClassVar[Kinds] = {
        "miscounted": Category.UNTRUE,
        "counts_unread": Category.UNDECIDED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        looks = history.of(Counts)
        findings = [*_findings(facts, looks[0], looks[-1])] if len(looks) > 1 and facts.proved else []
        return Verdict.of(self.name, findings, observed=len(facts.promised))


def _findings(facts: Facts, first: Indexed[Counts], last: Indexed[Counts]) -> Iterator[Finding]:
    (first_at, before), (last_at, after) = first, last
    error = before.error or after.error
    if error:
        yield Finding(kind="counts_unread", message=error, evidence=(first_at, last_at), status=Status.UNKNOWN)
        return
    submitted = [task for task in facts.tasks.values() if task.submits]
    outcomes = [task.terminal_answers[-1][1].success for task in submitted if task.terminal_answers]
    unsure = len(submitted) - len(outcomes)
    unsure += sum(not op.certainly_failed and not op.acknowledged for ops in facts.keys.values() for op in ops)
    for word, was, now, wanted in (
        ("success", before.success, after.success, outcomes.count(True)),
        ("failure", before.failure, after.failure, outcomes.count(False)),
    ):
        counted = now - was
        if not wanted <= counted <= wanted + unsure:
            doubtful = f", and {unsure} may have" if unsure else ""
            message = (
                f"the metrics count {counted:g} times {word} since the start; {wanted} submissions read so{doubtful}"
            )
            yield Finding(kind="miscounted", message=message, evidence=(first_at, last_at))
