"""Does the API answer every request correctly and in time?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts, Op
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import History, Returned

_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class ApiAnswers:
    """Every request is answered within `deadline_s`; one that cannot be served gets 503 with Retry-After.

    A request is excused if it overlaps a fault that the harness injected into the API's own process. The status of a
    submission may also be one of `unfinished_codes` as long as the probe has not seen the task end. The status of a task
    that nobody submitted must be one of `unknown_codes` (empty: nothing is promised). Observes the requests. Findings:

    slow: the answer, or the error instead of it, took longer than the deadline, not counting time spent waiting for a CPU
    starved: the answer took longer than the deadline, but the machine was so busy that the system may not be at fault (unknown)
    no_answer: the connection was refused or broke, and no answer came
    server_error: the answer was a 5xx other than 503
    no_retry_after: the answer was 503 without Retry-After
    invented: the API answered for a task that nobody submitted as if it existed
    never_answered: a request had no answer and no error when the run ended, after its deadline
    """

    deadline_s: float
    unfinished_codes: tuple[int, ...] = ()
    unknown_codes: tuple[int, ...] = ()

    name: ClassVar[str] = "api_answers"
    kinds: ClassVar[Kinds] = {
        "slow": Category.SLOW_ANSWER,
        "starved": Category.UNDECIDED,
        "no_answer": Category.ANSWER,
        "server_error": Category.ANSWER,
        "no_retry_after": Category.ANSWER,
        "invented": Category.ANSWER,
        "never_answered": Category.SLOW_ANSWER,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        requests = [op for op in facts.ops if op.invoked.purpose != "state"]
        return Verdict.of(self.name, self._findings(facts, requests), observed=len(requests))

    def _findings(self, facts: Facts, requests: list[Op]) -> Iterator[Finding]:
        struck = facts.struck("api")
        for op in requests:
            found = self._unanswered(facts, op) if op.returned is None else self._answered(facts, op, op.returned)
            if found:
                # A fault that struck the API after the deadline is no excuse.
                end_t = op.invoked.t + self.deadline_s
                end_t = end_t if op.returned is None else min(end_t, op.returned.t)
                if not any(window.overlaps(op.invoked.t, end_t) for window in struck):
                    yield from found

    def _unanswered(self, facts: Facts, op: Op) -> list[Finding]:
        waited_s = facts.last_t - op.invoked.t
        if waited_s <= self.deadline_s:
            return []
        return [_finding("never_answered", op, f"no end after {waited_s:.1f} s")]

    def _answered(self, facts: Facts, op: Op, answer: Returned) -> list[Finding]:
        took_s = answer.t - op.invoked.t
        status = answer.http_status
        if op.invoked.purpose == "stranger" and 0 < status < 500 and status not in self.unknown_codes:
            return [_finding("invented", op, f"HTTP {status} {answer.state} for a task that nobody has submitted")]
        if took_s <= self.deadline_s and 0 < status < 500:
            return []
        found = []
        if took_s > self.deadline_s:
            instead = f" ({answer.error})" if status == 0 else ""
            said = f"took {took_s:.1f} s, {self.deadline_s:g} s are promised{instead}"
            waited_s = facts.cpu_waited_s(op.invoked.t, answer.t)
            if took_s - waited_s > self.deadline_s:
                found.append(_finding("slow", op, said))
            else:
                said += f"; for {waited_s:.1f} s of it processes of this machine waited for a processor"
                found.append(_finding("starved", op, said, Status.UNKNOWN))
        elif status == 0:
            found.append(_finding("no_answer", op, f"no answer: {answer.error or 'unknown why'}"))
        if status == _UNAVAILABLE and not answer.retry_after and not self._is_unfinished(facts, op, status):
            found.append(_finding("no_retry_after", op, "503 without Retry-After"))
        elif status >= 500 and status != _UNAVAILABLE and not self._is_unfinished(facts, op, status):
            found.append(_finding("server_error", op, answer.error or f"HTTP {status}"))
        return found

    def _is_unfinished(self, facts: Facts, op: Op, status: int) -> bool:
        """Whether the system declares this answer for unfinished tasks, and the task had not ended."""
        if op.invoked.kind != "status" or op.invoked.purpose == "stranger" or status not in self.unfinished_codes:
            return False  # A task that nobody submitted is not unfinished.
        task = facts.tasks[op.invoked.task_id]
        return all(end.t > op.invoked.t for _, end in task.ends)


def _finding(kind: str, op: Op, what: str, status: Status = Status.INVALID) -> Finding:
    invoked = op.invoked
    message = f"{invoked.kind} of {invoked.key} at {invoked.t:.1f} s: {what}"
    return Finding(kind=kind, message=message, evidence=op.evidence, key=invoked.key, status=status)
