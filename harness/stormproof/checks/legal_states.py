"""Does a task's status only move forward?"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Op, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import History, Returned


@dataclass(frozen=True, slots=True)
class LegalStates:
    """A status moves from pending through other states to a terminal state, and stays there.

    One answer precedes another only if it arrived before the other was requested, because clients ask concurrently.
    `pending`, `success`, `failure`: the system's names for these states. Observes the answers with a state. Findings:

    left_terminal: after a terminal state another state was read
    went_backwards: after a state that was neither pending nor terminal, a pending one was read
    """

    pending: tuple[str, ...]
    success: tuple[str, ...]
    failure: tuple[str, ...]

    name: ClassVar[str] = "legal_states"
    kinds: ClassVar[Kinds] = {
        "left_terminal": Category.UNSTEADY,
        "went_backwards": Category.UNSTEADY,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        findings: list[Finding] = []
        observed = 0
        facts = Facts.of(history)
        for task in facts.tasks.values():
            answers = [op for op in task.answers if op.returned is not None and op.returned.state]
            observed += len(answers)
            findings.extend(self._findings(facts, task, answers))
        return Verdict.of(self.name, findings, observed=observed)

    def _findings(self, facts: Facts, task: Task, answers: list[Op]) -> Iterator[Finding]:
        """Yield the first finding of each kind."""
        arrived = deque(sorted(answers, key=_returned_at))
        terminal: Op | None = None
        running: Op | None = None
        found: dict[str, Finding] = {}
        for op in answers:
            while arrived and arrived[0].returned_at < op.invoked_at:
                before = arrived.popleft()
                if self._is_terminal(before):
                    terminal = terminal or before
                elif _state(before) not in self.pending:
                    running = running or before
            if terminal is not None:
                if _state(op) != _state(terminal):
                    found.setdefault("left_terminal", _finding("left_terminal", facts, task, terminal, op))
            elif running is not None and _state(op) in self.pending:
                found.setdefault("went_backwards", _finding("went_backwards", facts, task, running, op))
        yield from found.values()

    def _is_terminal(self, op: Op) -> bool:
        return _state(op) in self.success or _state(op) in self.failure


def _returned_at(op: Op) -> int:
    return op.returned_at


def _state(op: Op) -> str:
    return op.returned.state if op.returned is not None else ""


def _finding(kind: str, facts: Facts, task: Task, before: Op, after: Op) -> Finding:
    return Finding(
        kind=kind,
        message=f"{task}: {_said(before.returned)}, then {_said(after.returned)}{facts.fast_forwards(task)}",
        evidence=(before.returned_at, after.invoked_at, after.returned_at),
        key=task.key,
    )


def _said(answer: Returned | None) -> str:
    return f"{answer.state} at {answer.t:.1f} s" if answer is not None else "nothing"
