"""Does every process stay up as long as no fault strikes?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History, Indexed, Process


@dataclass(frozen=True, slots=True)
class StaysUp:
    """No process of the system exits by itself before the first fault.

    After the first fault, a process may die as long as its work still gets done. Observes the processes that started. Findings:

    died_in_calm: a component's main process exited before any fault
    """

    name: ClassVar[str] = "stays_up"
    kinds: ClassVar[Kinds] = {
        "died_in_calm": Category.DIED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        processes = history.of(Process)
        started = sum(event.word in ("started", "ready") for _, event in processes)
        return Verdict.of(self.name, _findings(Facts.of(history), processes), observed=started)


def _findings(facts: Facts, processes: list[Indexed[Process]]) -> Iterator[Finding]:
    for index, event in processes:
        if event.word == "exited" and not event.expected and event.t < facts.calm_until_t:
            message = (
                f"{event.component} (process {event.pid}) exited with {event.code} at {event.t:.1f} s, in calm weather"
            )
            yield Finding(kind="died_in_calm", message=message, evidence=(index,))
