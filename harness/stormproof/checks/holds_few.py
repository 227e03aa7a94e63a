"""Do waiting messages stay in the queue, where any worker can take them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History, Sample


@dataclass(frozen=True, slots=True)
class HoldsFew:
    """Workers hold no more unacknowledged messages than `in_hand`.

    Judged only until the first fault, because a worker that dies leaves unacknowledged messages that nobody holds, and only
    if the harness runs no tasks of its own in the workers. Observes the samples of stores that are up. Findings:

    hoarded: a store had more unacknowledged messages
    """

    in_hand: int

    name: ClassVar[str] = "holds_few"
    kinds: ClassVar[Kinds] = {
        "hoarded": Category.WRONG,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        held = any(op.invoked.purpose == "state" for op in facts.ops)
        calm = [line for line in history.of(Sample) if line[1].up and line[1].t < facts.calm_until_t and not held]
        return Verdict.of(self.name, self._findings(calm), observed=len(calm) + held)

    def _findings(self, samples: list[tuple[int, Sample]]) -> Iterator[Finding]:
        over = [line for line in samples if line[1].unacked > self.in_hand]
        if over:
            index, most = max(over, key=lambda line: line[1].unacked)
            message = f"{most.unacked} messages of {most.store} were unacknowledged at {most.t:.1f} s; {self.in_hand} are promised"
            yield Finding(kind="hoarded", message=message, evidence=(index,))
