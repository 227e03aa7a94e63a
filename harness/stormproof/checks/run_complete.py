"""Was the run seen to its end?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.history import History, Phase
from stormproof.verdict import Finding, Status, Verdict

_LAST = "stop"


@dataclass(frozen=True, slots=True)
class RunComplete:
    """The history tells the run to its last phase. Who saw only a part of it cannot call it valid.

    Observes the phases. Findings:

    cut_short: the last phase never began, or the last line is torn: the harness was stopped, or the disk was full (unknown)
    """

    name: ClassVar[str] = "run_complete"
    kinds: ClassVar[tuple[str, ...]] = ("cut_short",)

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        phases = history.of(Phase)
        return Verdict.of(self.name, self._findings(history), observed=len(phases))

    def _findings(self, history: History) -> Iterator[Finding]:
        phases = history.of(Phase)
        if any(phase.name == _LAST for _, phase in phases) and not history.cut_off:
            return
        reached = f"in the phase {phases[-1][1].name!r}" if phases else "before its first phase"
        torn = ", and its last line is torn" if history.cut_off else ""
        evidence = (len(history) - 1,) if len(history) else ()
        message = f"the history ends {reached}{torn}"
        yield Finding(kind="cut_short", message=message, evidence=evidence, status=Status.UNKNOWN)
