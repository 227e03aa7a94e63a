"""Is each periodic task published once, however many schedulers run?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Status, Verdict
from stormproof.history import History, Process, Wire


@dataclass(frozen=True, slots=True)
class OneSchedule:
    """Two schedulers (components with the role `beat`) do not publish the same periodic task in turns.

    A scheduler that takes over from one that died is not accused: each must publish between two publications of the other,
    and once more after that. `shared`: the schedulers are promised to serve one schedule. If nothing is promised, they may
    serve two schedules that have a task in common. Observes the schedulers. Findings:

    scheduled_twice: two schedulers that serve one schedule publish the same task in turns
    schedule_unclear: two schedulers publish the same task in turns, and it is not declared whether they serve one schedule (unknown)
    """

    shared: bool = False

    name: ClassVar[str] = "one_schedule"
    kinds: ClassVar[Kinds] = {
        "scheduled_twice": Category.REPEATED,
        "schedule_unclear": Category.UNDECIDED,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        schedulers = {event.component for _, event in history.of(Process) if event.role == "beat"}
        published = _published(history, schedulers)
        findings = [finding for task, lines in published.items() for finding in self._findings(task, lines)]
        return Verdict.of(self.name, findings, observed=len(schedulers))

    def _findings(self, task: str, lines: list[tuple[int, Wire]]) -> Iterator[Finding]:
        links = sorted({frame.component for _, frame in lines})
        for number, one in enumerate(links):
            for other in links[number + 1 :]:
                turns = _turns([line for line in lines if line[1].component in (one, other)])
                if len(turns) < _IN_TURNS:
                    continue
                since, until = turns[0][1].t, turns[-1][1].t
                message = f"{task}: {one} and {other} publish it in turns, {len(turns)} times from {since:.1f} to {until:.1f} s"
                evidence = tuple(index for index, _ in turns[:_IN_TURNS])
                if self.shared:
                    yield Finding(kind="scheduled_twice", message=message, evidence=evidence)
                else:
                    unclear = f'{message}; say whether they serve one schedule: promises.schedulers = "one" or "many"'
                    yield Finding(kind="schedule_unclear", message=unclear, evidence=evidence, status=Status.UNKNOWN)


_IN_TURNS = 4
"""A, B, A, B: more turns than a takeover explains, even if the first scheduler comes back once."""


def _published(history: History, schedulers: set[str]) -> dict[str, list[tuple[int, Wire]]]:
    """Return, by task name, the frames in which schedulers published the task. The name comes from the worker that received it."""
    names: dict[str, str] = {}
    for task in Facts.of(history).tasks.values():
        told = next((line.task for _, line in task.probes if line.task), "")
        if told:
            names[task.task_id] = told
    found: dict[str, list[tuple[int, Wire]]] = {}
    for index, frame in history.of(Wire):
        if frame.component in schedulers and frame.direction == "request" and frame.meaning == "publish":
            for name in {names[one] for one in frame.ids if one in names}:
                found.setdefault(name, []).append((index, frame))
    return found


def _turns(lines: list[tuple[int, Wire]]) -> list[tuple[int, Wire]]:
    """Return the first publication of each turn."""
    turns: list[tuple[int, Wire]] = []
    for line in lines:
        if not turns or turns[-1][1].component != line[1].component:
            turns.append(line)
    return turns
