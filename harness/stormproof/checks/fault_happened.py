"""Did the planned faults happen? This is the positive control of every other check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import Fault, History, Indexed


@dataclass(frozen=True, slots=True)
class FaultHappened:
    """Every planned fault was injected, and there is evidence that it bit.

    `planned`: the faults' names, one per injection. A run with none is calm and has nothing to prove. `copies`: how often
    each submission should be sent. All findings are `unknown`: none accuses the system. Observes the injections. Findings:

    not_injected: the trigger of a planned fault never came, or no submission was sent as often as planned (unknown)
    failed: a fault could not be carried out (unknown)
    did_not_bite: a fault was injected, and nothing shows that it had an effect (unknown)
    """

    planned: tuple[str, ...]
    copies: int = 1

    name: ClassVar[str] = "fault_happened"
    kinds: ClassVar[Kinds] = {
        "not_injected": Category.UNDECIDED,
        "failed": Category.UNDECIDED,
        "did_not_bite": Category.UNDECIDED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        sent = max((len(ops) for ops in Facts.of(history).keys.values()), default=0)
        if sent < self.copies and self.copies > 1:
            message = f"each submission was to be sent {self.copies} times; none was sent more often than {sent} times"
            too_few = Finding(kind="not_injected", message=message, status=Status.UNKNOWN)
            return Verdict.of(self.name, (too_few,), observed=0)
        if not self.planned:
            return Verdict.of(self.name, (), observed=1)
        faults = [stages for stages in Facts.of(history).faults.values() if stages[0][1].name in self.planned]
        findings = [*self._absent(faults), *(found for stages in faults for found in _of_injection(stages))]
        return Verdict.of(self.name, findings, observed=len(faults))

    def _absent(self, faults: list[list[Indexed[Fault]]]) -> Iterator[Finding]:
        # The repetitions of an injection are numbered 0.0, 0.1 and so on.
        seen = Counter(name for name, _ in {(stages[0][1].name, _number(stages[0][1])) for stages in faults})
        for name, times in Counter(self.planned).items():
            if seen[name] < times:
                message = (
                    f"{name}: planned {times} times, injected {seen[name]} times"
                    if times > 1
                    else f"{name}: not injected"
                )
                yield Finding(kind="not_injected", message=message, status=Status.UNKNOWN)


def _number(fault: Fault) -> str:
    """Return the number of the planned injection that this fault belongs to."""
    return fault.fault.partition(".")[0]


def _of_injection(stages: list[Indexed[Fault]]) -> Iterator[Finding]:
    reached = {event.stage: (index, event) for index, event in stages}
    fault = stages[0][1]
    evidence = tuple(index for index, _ in stages)
    said = f"{fault.name} on {fault.target or 'the system'} at {fault.t:.1f} s"
    if fault.stage == "failed":
        message = f"{fault.name} on {fault.target or 'the system'}: not injected: {fault.detail}"
        yield Finding(kind="not_injected", message=message, evidence=evidence, status=Status.UNKNOWN)
    elif "failed" in reached:
        message = f"{said}: {reached['failed'][1].detail or 'could not be done'}"
        yield Finding(kind="failed", message=message, evidence=evidence, status=Status.UNKNOWN)
    elif "bit" not in reached:
        message = f"{said}: nothing shows that it had its effect"
        yield Finding(kind="did_not_bite", message=message, evidence=evidence, status=Status.UNKNOWN)
