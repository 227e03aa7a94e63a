"""What happened to the task: one word for a cell, from the slice of the history that is its evidence. Pure."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from stormproof.checks import category, judge
from stormproof.checks.facts import Facts
from stormproof.checks.suite import checks_of_tasks
from stormproof.checks.verdict import NOTHING_OBSERVED, Category, Finding, Status
from stormproof.history import FastForward, Fault, History, Process, Quiescence, Sample
from stormproof.spec.system import System

_KEYS_SLACK = 2
"""Slack for keys: a recovery declares queues and bindings again, which are keys, and the same ones each time."""


class Word(StrEnum):
    """What happened to a task, the worst first."""

    LOST = "lost"
    DOUBLED = "doubled"
    DIED = "died"
    WEDGED = "wedged"
    HUNG = "hung"
    UNREADABLE = "unreadable"
    UNTRUE = "untrue"
    PHANTOM = "phantom"
    STRANDED = "stranded"
    RAN_TWICE = "ran_twice"
    API_WRONG = "api_wrong"
    UNSTEADY = "unsteady"
    LEAKED = "leaked"
    LATE = "late"
    UNKNOWN = "unknown"
    INTACT = "intact"


MEANINGS: dict[Word, str] = {
    Word.LOST: "accepted, and it will never end",
    Word.DOUBLED: "its effect happened twice",
    Word.DIED: "a process ended of it, and nobody starts it again",
    Word.WEDGED: "the worker is up and consumes nothing",
    Word.HUNG: "a process still has it in hand and does not go on",
    Word.UNREADABLE: "it ended, and its result cannot be read",
    Word.UNTRUE: "its status or its result is not what happened",
    Word.PHANTOM: "something ran that nobody had asked for, or that had been refused",
    Word.STRANDED: "it waited for the visibility timeout, which was fast-forwarded",
    Word.RAN_TWICE: "it ran twice, its effect happened once",
    Word.API_WRONG: "the API answered 5xx, late, or not at all",
    Word.UNSTEADY: "its status went back, or changed after it was final",
    Word.LEAKED: "something is left behind",
    Word.LATE: "done after a redelivery",
    Word.UNKNOWN: "the fault did not bite, or nothing was proved",
    Word.INTACT: "done, once, and readable; or refused in order",
}

BROKEN = frozenset(
    {Word.LOST, Word.DOUBLED, Word.DIED, Word.WEDGED, Word.HUNG, Word.UNREADABLE, Word.UNTRUE, Word.PHANTOM}
)
"""The outcomes that count as broken."""

WORDS: dict[Category, Word] = {
    Category.LOST: Word.LOST,
    Category.UNSENT: Word.LOST,
    Category.NEVER_RAN: Word.LOST,
    Category.DOUBLED: Word.DOUBLED,
    Category.REPEATED: Word.RAN_TWICE,
    Category.STUCK: Word.HUNG,
    Category.UNREADABLE: Word.UNREADABLE,
    Category.UNTOLD: Word.UNREADABLE,
    Category.UNTRUE: Word.UNTRUE,
    Category.UNSTEADY: Word.UNSTEADY,
    Category.PHANTOM: Word.PHANTOM,
    Category.STRANDED: Word.STRANDED,
    Category.ANSWER: Word.API_WRONG,
    Category.SLOW_ANSWER: Word.API_WRONG,
}
"""The word for each category of the checks that judge a cell; the other words come from the facts of the slice."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The worst word, all other words, and the checks' findings, one per line; those for the worst word come first."""

    word: Word
    also: tuple[Word, ...] = ()
    said: tuple[str, ...] = ()


def outcome(
    history: History, system: System, key: str, *, wedged: bool, planned: int = 1, life_s: float = 0.0
) -> Outcome:
    """Judge a cell's slice. `key`: the submission that met the fault.

    `wedged`: a live worker did not take the next task in the time that the system promises; `planned`: how many faults must
    have bitten; `life_s`: the longest time that a task took in calm.
    """
    findings = _findings(history, system)
    words = {_word(finding) for finding in findings if finding.status is Status.INVALID}
    words |= _by_facts(history, key, life_s + system.promises.stall_s)
    if wedged:
        words = (words - {Word.HUNG}) | {Word.WEDGED}
    if Word.DIED in words:
        words.discard(Word.WEDGED)  # Who is gone cannot be up.
    if bitten(history) < planned or (not words & BROKEN and not _proved(history)):
        words.add(Word.UNKNOWN)
    ordered = [word for word in Word if word in words] or [Word.INTACT]
    if Word.UNKNOWN in words and not words & BROKEN:
        ordered = [Word.UNKNOWN, *(word for word in ordered if word is not Word.UNKNOWN)]
    order = [*ordered, *Word]
    findings.sort(key=lambda finding: order.index(_word(finding)))
    said = tuple(f"{finding.kind}: {finding.message}" for finding in findings)
    return Outcome(word=ordered[0], also=tuple(ordered[1:]), said=said)


def _word(finding: Finding) -> Word:
    """Return what a finding means for its task. A remark means nothing bad, unless it reports that the task was stranded."""
    if finding.status is Status.UNKNOWN:
        return Word.UNKNOWN
    word = WORDS[category(finding.kind)]
    return word if finding.status is Status.INVALID or word is Word.STRANDED else Word.INTACT


def _findings(history: History, system: System) -> list[Finding]:
    found = [finding for verdict in judge(history, checks_of_tasks(system)) for finding in verdict.findings]
    return [finding for finding in found if finding.kind != NOTHING_OBSERVED]


def _by_facts(history: History, key: str, hangs_after_s: float) -> set[Word]:
    facts, words = Facts.of(history), set[Word]()
    tasks = [task for task in facts.tasks.values() if task.key == key]
    forwarded = {task_id for _, event in history.of(FastForward) for task_id in event.task_ids}
    if any(task.task_id in forwarded for task in tasks):
        words.add(Word.STRANDED)
    elif any(sum(line.word == "received" for _, line in task.probes) > 1 for task in tasks):
        words.add(Word.LATE)
    if any(len(task.starts) > 1 for task in tasks):
        words.add(Word.RAN_TWICE)
    quiescence = facts.quiescence
    if quiescence is not None and not quiescence[1].proved and _hangs(facts, quiescence[1], hangs_after_s):
        words.add(Word.HUNG)
    if any(event.word == "gave_up" for _, event in history.of(Process)):
        words.add(Word.DIED)
    if _leaked(history):
        words.add(Word.LEAKED)
    return words


def _hangs(facts: Facts, end: Quiescence, after_s: float) -> bool:
    """Whether a task that is in hand at the end was started last more than `after_s` seconds before."""
    held = (facts.tasks[task_id] for task_id in end.in_hand if task_id in facts.tasks)
    return any(task.starts and end.t - task.starts[-1][1].t > after_s for task in held)


def _leaked(history: History) -> bool:
    first: dict[str, Sample] = {}
    last: dict[str, Sample] = {}
    for _, sample in history.of(Sample):
        if sample.up:
            first.setdefault(sample.store, sample)
            last[sample.store] = sample
    return any(last[store].keys > first[store].keys + _KEYS_SLACK for store in first)


def bitten(history: History) -> int:
    """Return how many faults had their effect."""
    return len({event.fault for _, event in history.of(Fault) if event.stage == "bit"})


def _proved(history: History) -> bool:
    return any(event.proved for _, event in history.of(Quiescence))
