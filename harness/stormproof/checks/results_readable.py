"""Can the outcome of a task be read, and does it match what happened?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from stormproof.checks.facts import Facts, Op, Task
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import History, Returned


@dataclass(frozen=True, slots=True)
class ResultsReadable:
    """A task's outcome can be read, and agrees with one of its executions.

    The final read is in the phase `read`, when nothing changes any more. Observes the acknowledged tasks that the probe saw
    end and whose status was read. The work of several tasks may be read under an id that belongs to none of them (a
    group's, for example). For such an id, only whether it stays readable is judged. `has_values`: an answer that reports
    success includes the result. Findings:

    unreadable: the task ended, no answer ever reported it, and the last answer is an error (unknown if the harness did not read it whole)
    missing: the task ended, and after proved quiescence its status still reports that it has not
    vanished: the outcome was read before, but not in the phase `read` (unknown if the harness did not read the answer whole)
    differs: the value that was read is not what any of the task's executions returned
    contradicts: the status reports success although no execution succeeded, or failure although all succeeded
    """

    has_values: bool = False

    name: ClassVar[str] = "results_readable"
    kinds: ClassVar[Kinds] = {
        "unreadable": Category.UNREADABLE,
        "missing": Category.UNTOLD,
        "vanished": Category.UNREADABLE,
        "differs": Category.UNTRUE,
        "contradicts": Category.UNTRUE,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        tasks = [task for task in facts.tasks.values() if task.submits and task.ends and _was_read(facts, task)]
        hints = _Hints.of(tasks)
        findings = [finding for task in tasks for finding in self._findings(facts, task, hints)]
        works = list(_works(facts))
        findings += [finding for work in works for finding in _vanished(facts, work, work.terminal_answers[0])]
        return Verdict.of(self.name, findings, observed=len(tasks) + len(works))

    def _findings(self, facts: Facts, task: Task, hints: _Hints) -> Iterator[Finding]:
        answers = task.terminal_answers
        if not answers:
            yield from _unread(facts, task, task.answers[-1], hints.missing)
            return
        heard = [answer for answer in answers if answer[1].t <= facts.heard_until_t]
        yield from _compare(task, heard, "null" if self.has_values else "", hints.null)
        yield from _vanished(facts, task, answers[0])


@dataclass(frozen=True, slots=True)
class _Hints:
    """Hints to add to a message if all answers are alike, so that the description may be wrong; else empty.

    `missing`: no status ever reported that a task has ended. `null`: no success ever came with a value.
    """

    missing: str
    null: str

    @classmethod
    def of(cls, tasks: list[Task]) -> _Hints:
        answers = [answer for task in tasks for _, answer in task.terminal_answers]
        valued = any(answer.success and answer.value not in ("", "null") for answer in answers)
        return cls("" if answers else _NOT_KEPT, "" if valued else _NOT_GIVEN)


_NOT_KEPT = '; no status ever said that a task has ended: if no results are kept, say so: promises.results = "ignored"'
_NOT_GIVEN = "; no answer ever had a result: if your API gives none, say so: status.result = false"


def _works(facts: Facts) -> Iterator[Task]:
    """Yield what was submitted and read under an id that no probe recorded, while a task with its key was seen to end."""
    ended = {task.key for task in facts.tasks.values() if task.ends}
    for task in facts.tasks.values():
        if task.submits and task.terminal_answers and not task.probes and task.key in ended:
            yield task


def _was_read(facts: Facts, task: Task) -> bool:
    """Whether there is an answer to judge: a terminal one, or one given when nothing changed any more."""
    if not task.answers:
        return False
    reading = facts.phases.get("read")
    return bool(task.terminal_answers) or (reading is not None and task.answers[-1].invoked_at > reading[0])


def _vanished(facts: Facts, task: Task, first: tuple[int, Returned]) -> Iterator[Finding]:
    reading, last = facts.phases.get("read"), task.answers[-1]
    if reading is None or last.invoked_at < reading[0] or last.returned is None or last.returned.outcome == "ok":
        return
    index, answer = first
    said = last.returned.error or f"HTTP {last.returned.http_status}"
    message = f"{task}: {answer.state} at {answer.t:.1f} s, and at {last.returned.t:.1f} s reading it ends in {said}"
    evidence = (index, *last.evidence)
    yield Finding(kind="vanished", message=message, evidence=evidence, key=task.key, status=_proof(last.returned))


def _proof(answer: Returned) -> Status:
    """Return what an answer that is not ok proves: nothing if the harness did not read it whole."""
    return Status.UNKNOWN if answer.partial else Status.INVALID


def _unread(facts: Facts, task: Task, last: Op, hint: str) -> Iterator[Finding]:
    end_index, end = task.ends[-1]
    evidence = (end_index, *last.evidence)
    ended = f"{task}: {end.word} at {end.t:.1f} s"
    if last.returned is None:
        return
    if last.returned.outcome != "ok":
        said = last.returned.error or f"HTTP {last.returned.http_status}"
        message, proof = f"{ended}, but reading it ends in {said}", _proof(last.returned)
        yield Finding(kind="unreadable", message=message, evidence=evidence, key=task.key, status=proof)
    elif facts.proved is not None:
        message = f"{ended}, but its status is {last.returned.state} for ever{hint}"
        yield Finding(kind="missing", message=message, evidence=(*evidence, facts.proved[0]), key=task.key)


def _compare(task: Task, answers: list[tuple[int, Returned]], absent: str, hint: str) -> Iterator[Finding]:
    """Yield a finding for the first wrong answer; one per task is enough. `absent`: what an answer without a value means."""
    succeeded = [(index, end) for index, end in task.ends if end.word == "succeeded"]
    values = [end.value for _, end in succeeded]
    for index, answer in answers:
        agreeing = bool(succeeded) if answer.success else len(succeeded) < len(task.ends)
        if not agreeing:
            words = ", ".join(sorted({end.word for _, end in task.ends}))
            message = f"{task}: the status at {answer.t:.1f} s is {answer.state}, but its executions: {words}"
            evidence = (*(end_index for end_index, _ in task.ends), index)
            yield Finding(kind="contradicts", message=message, evidence=evidence, key=task.key)
            return
        # An empty value from the probe was too long to record, or not JSON: it may be anything.
        told = answer.value or absent
        if answer.success and told and all(values) and not _is_one_of(told, values):
            said = f"the result at {answer.t:.1f} s is {told:.60}"
            message = f"{task}: {said}, but the task returned {values[0]:.60}{hint}"
            evidence = (*(end_index for end_index, _ in succeeded), index)
            yield Finding(kind="differs", message=message, evidence=evidence, key=task.key)
            return
        if answer.success and answer.value:
            values.append(answer.value)  # It agrees, so the same text need not be decoded again.


def _is_one_of(text: str, values: list[str]) -> bool:
    if text in values:
        return True
    value = _decoded(text)
    return any(_decoded(other) == value for other in values)


_decode_leniently = json.JSONDecoder(parse_constant=str).decode
"""Python writes NaN, which is not JSON and does not equal itself. Here it decodes to its own text."""


def _decoded(text: str) -> Any:
    """Decode JSON for comparison. Text that is not JSON is returned as it is."""
    for decode in (msgspec.json.decode, _decode_leniently):
        try:
            return decode(text)
        except (ValueError, RecursionError):
            continue
    return text
