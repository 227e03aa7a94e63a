"""Does an unavailable API send a Retry-After that helps its clients?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History

_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class SaysWhen:
    """The Retry-After of a 503 is within the promised bounds, so a client that obeys it retries neither at once nor far too late.

    `api_answers` reports a 503 without the header. Observes the requests. Findings:

    retry_after_wrong: Retry-After was less than `least_s`, more than `most_s`, or neither a number of seconds nor a date
    """

    least_s: float
    most_s: float

    name: ClassVar[str] = "says_when"
    kinds: ClassVar[Kinds] = {
        "retry_after_wrong": Category.ANSWER,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        return Verdict.of(self.name, self._findings(facts), observed=len(facts.ops))

    def _findings(self, facts: Facts) -> Iterator[Finding]:
        for op in facts.ops:
            answer = op.returned
            if answer is None or answer.http_status != _UNAVAILABLE or not answer.retry_after:
                continue
            if not self.least_s <= answer.retry_after_s <= self.most_s:
                said = f"after {answer.retry_after_s:g} s" if answer.retry_after_s >= 0 else "in no words that say when"
                message = (
                    f"{op.invoked.kind} of {op.invoked.key} at {op.invoked.t:.1f} s: 503, come again {said}; "
                    f"{self.least_s:g} to {self.most_s:g} s are promised"
                )
                yield Finding(kind="retry_after_wrong", message=message, evidence=op.evidence, key=op.invoked.key)
