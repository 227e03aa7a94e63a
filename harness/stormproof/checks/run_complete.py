"""Was the whole run recorded, to its end?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import Closed, History, Phase

_LAST = "stop"


@dataclass(frozen=True, slots=True)
class RunComplete:
    """The history reaches the last phase and holds every line as written. A run that was only partly seen cannot be valid.

    Observes the phases. Findings:

    cut_short: the last phase or the closing line is missing, or the last line is torn: the harness was stopped, or the disk was full (unknown)
    altered: lines are missing, duplicated, changed or reordered, so they do not match the closing line (unknown)
    """

    name: ClassVar[str] = "run_complete"
    kinds: ClassVar[Kinds] = {
        "cut_short": Category.UNDECIDED,
        "altered": Category.UNDECIDED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        return Verdict.of(self.name, _findings(history), observed=len(history.of(Phase)))


def _findings(history: History) -> Iterator[Finding]:
    phases = [phase.name for _, phase in history.of(Phase)]
    last = history[-1] if history else None
    evidence = (len(history) - 1,) if history else ()
    if history.cut_off or _LAST not in phases or not isinstance(last, Closed):
        message = f"the history ends {_where(phases)}{', and its last line is torn' if history.cut_off else ''}"
        yield Finding(kind="cut_short", message=message, evidence=evidence, status=Status.UNKNOWN)
    elif last != (here := Closed.of(history[:-1])):
        how = "they are others, or in another order" if here.events == last.events else f"{here.events} are here"
        message = f"{last.events} events were recorded, and {how}"
        yield Finding(kind="altered", message=message, evidence=evidence, status=Status.UNKNOWN)


def _where(phases: list[str]) -> str:
    if not phases:
        return "before its first phase"
    closing = " without its closing line" if phases[-1] == _LAST else ""
    return f"in the phase {phases[-1]!r}{closing}"
