"""Does the system distinguish a temporary refusal by an outside server from a permanent one?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History, Indexed, Probe, Refusal

_FOR_EVER = 500


@dataclass(frozen=True, slots=True)
class HeedsRefusals:
    """A temporary refusal (4xx) by the mail server is retried for `endures_s`; a permanent one (5xx) is never retried.

    Each is judged only if it is promised: `endures_s` unless it is None, and permanent refusals if `final` is true. Judges
    only tasks whose key was submitted once and of which no execution died: each that started ended or asked for a retry.
    Observes the acknowledged tasks. Findings:

    gave_up_early: a task failed in an execution that was refused temporarily, within `endures_s` of the first refusal
    asked_again: the server refused a recipient permanently, and was asked again for the same recipient
    """

    endures_s: float | None = None
    final: bool = False

    name: ClassVar[str] = "heeds_refusals"
    kinds: ClassVar[Kinds] = {
        "gave_up_early": Category.WRONG,
        "asked_again": Category.WRONG,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        refusals: dict[str, list[Indexed[Refusal]]] = {}
        for line in history.of(Refusal):
            refusals.setdefault(line[1].key, []).append(line)
        findings = [
            finding
            for task, _ in facts.promised
            if task.key in refusals and len(facts.keys[task.key]) == 1 and _is_whole(task)
            for finding in self._findings(facts, task, refusals[task.key])
        ]
        return Verdict.of(self.name, findings, observed=len(facts.promised))

    def _findings(self, facts: Facts, task: Task, refusals: list[Indexed[Refusal]]) -> Iterator[Finding]:
        first_at, first = refusals[0]
        never = [line for line in refusals if line[1].code >= _FOR_EVER]
        if self.final and never:
            at, refusal = never[0]
            again = [index for index, later in refusals if index > at and later.recipient == refusal.recipient]
            effects = facts.effects.get(task.key, [])
            again += [index for index, effect in effects if index > at and refusal.recipient in effect.recipient]
            if again:
                said = f"{refusal.code} for {refusal.recipient} at {refusal.t:.1f} s"
                message = f"{task}: refused for ever ({said}), and asked again {len(again)} times"
                yield Finding(kind="asked_again", message=message, evidence=(at, *sorted(again)), key=task.key)
        failed = [line for line in task.ends if line[1].word == "failed" and _was_refused(task, line[1], refusals)]
        if self.endures_s is not None and not never and failed and task.key not in facts.effects:
            index, end = failed[0]
            took_s = end.t - first.t
            if 0 <= took_s < self.endures_s:
                message = (
                    f"{task}: refused for now only ({first.code}, first at {first.t:.1f} s), and failed {took_s:.1f} s later; "
                    f"{self.endures_s:g} s of trying again are promised"
                )
                yield Finding(kind="gave_up_early", message=message, evidence=(first_at, index), key=task.key)


def _was_refused(task: Task, end: Probe, refusals: list[Indexed[Refusal]]) -> bool:
    """Whether the execution that ended here, in its own process, was itself refused; it may have failed for another reason."""
    began = [start.t for _, start in task.starts if start.pid == end.pid and start.t <= end.t]
    return bool(began) and any(began[-1] <= refusal.t <= end.t for _, refusal in refusals)


def _is_whole(task: Task) -> bool:
    """Whether every execution that started reported its end. Then none died, and none was repeated because of a death."""
    told = [line for _, line in (*task.ends, *task.others) if line.word not in ("received", "unknown")]
    return len(task.starts) <= len(told) and all(line.word != "rejected" for line in told)
