"""Does the result of a successful task match what was submitted?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from stormproof.checks.facts import Facts, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History


@dataclass(frozen=True, slots=True)
class ResultsAsSubmitted:
    """The result of a success contains what the system's description requires, whatever the task itself returned.

    `contain`: parts that must each be in some text of the result, with `{key}` for the submission's key. Observes the
    results that were read. Findings:

    result_of_another: the result of a success lacks a part that the description requires for its submission
    """

    contain: tuple[str, ...] = ()

    name: ClassVar[str] = "results_as_submitted"
    kinds: ClassVar[Kinds] = {
        "result_of_another": Category.UNTRUE,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        read = [task for task in facts.tasks.values() if task.submits and _values(task)]
        findings = [finding for task in read for finding in self._findings(task)]
        return Verdict.of(self.name, findings, observed=len(read) or len(facts.promised))

    def _findings(self, task: Task) -> Iterator[Finding]:
        """Yield a finding for the first result that is wrong."""
        keys = {op.invoked.key for op in task.submits}
        for index, value in _values(task):
            texts = [*_texts(value)]
            for part in self.contain:
                wanted = [part.replace("{key}", key) for key in sorted(keys)]
                if not any(one in text for one in wanted for text in texts):
                    message = f"{task}: its result lacks {wanted[0]}: {json.dumps(value):.120}"
                    yield Finding(kind="result_of_another", message=message, evidence=(index,), key=task.key)
                    return


def _values(task: Task) -> list[tuple[int, Any]]:
    found = []
    for index, answer in task.terminal_answers:
        if answer.success and answer.value:
            try:
                found.append((index, json.loads(answer.value)))
            except (ValueError, RecursionError):
                continue
    return found


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value, at any depth, without recursion."""
    nests = [value]
    while nests:
        inner = nests.pop()
        if isinstance(inner, dict):
            nests += [*inner.keys(), *inner.values()]
        elif isinstance(inner, list):
            nests += inner
        else:
            yield str(inner)
