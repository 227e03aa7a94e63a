"""Can the harness itself cause it? For each kind of finding: how it could, what keeps that from being held against the system, and a history of it.

A kind that is not in the table fails here: whoever adds one answers the question first. "Cannot" means that nothing that the harness does, but
for the faults that a scenario asks for, leads to what the kind says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from literals import (
    KEY,
    OTHER,
    accepted,
    asked,
    broken,
    fault,
    handed_back,
    history,
    look,
    lost,
    phase,
    pressure,
    probe,
    process,
    published,
    quiet,
    refused,
    said,
    sample,
    settings,
    status,
    unquiet,
    wire,
)
from stormproof.checks.verdict import Status
from stormproof.history import (
    AnyEvent,
    CeleryEvent,
    Effect,
    History,
    ProcessSample,
    Quiescence,
    Returned,
    Sample,
)
from test_heeds_refusals import tried
from test_one_schedule import BEATS
from test_one_schedule import published as scheduled
from test_recovers_within import LOAD, NEW, loaded
from test_registry import EVERY_CHECK, KINDS


class Answer(NamedTuple):
    """`how` the harness could cause it, and what keeps it from being held against the system; a `history` of just that, if it could.

    `guilty`: the same without the harness's part, which is found; None: some one or two events less will do.
    """

    how: str
    history: History | None = None
    guilty: History | None = None


REPEATED = (
    accepted(1),
    probe(2, "started"),
    handed_back(3),
    probe(4, "started", pid=12),
    probe(5, "succeeded", pid=12),
)
UP = (settings(0, 1), process(0, "worker", "ready"))
STARTED_AGAIN = (probe(2, "started"), probe(3, "retried"))
FAILED = (accepted(1), probe(2, "failed"), status(3, 2, "FAILURE"))
SENT = Effect(t=2.5, key=KEY)
RECOVERING = (fault(1, "injected"), fault(2, "healed"))
NO_PROOF = "all findings of this kind are unknown"
A_PART = "the harness stops reading an answer that is too long or too slow: `partial`, which makes the finding unknown"
LATE_WORDS = "a run that stops while tasks are executed lacks the probe's last lines: `heard_until_t`"
FEW = "its own load fills pools and caches up: only what grows with the work is a leak"
DOUBTED = "it hands a message back, so that its task is executed again: the finding says so, as a worker would have done the same later"
STRUCK = "it strikes, or starts, the API's own process: what overlaps that is excused"


def grown(what: str, tasks: int) -> History:
    """A number that grows beyond any slack while so many tasks are executed, with a look after each of them."""
    size = {"rss_bytes": 2**28}.get(what, 100)

    def seen(t: float, number: int) -> Sample | ProcessSample:
        if what in ("processes", "rss_bytes"):
            return ProcessSample(t=t, component="worker", **{"rss_bytes": 1, "processes": 1, what: number})
        return sample(t, **{what: number})

    work = (
        event
        for number in range(1, tasks + 1)
        for event in (
            probe(3, "started", f"{number}"),
            probe(3, "succeeded", f"{number}"),
            seen(3, (number + 1) * size),
        )
    )
    last = seen(9, (tasks + 1) * size)
    return history(phase(0, "start"), seen(1, 0), phase(2, "storm"), *work, phase(8, "settle"), last, phase(20, "stop"))


TABLE: dict[str, Answer] = {
    "no_task_lost.lost": Answer(
        "it submits after it has proved that all is quiet: the proof does not cover that",
        history(quiet(0.5), accepted(1)),
        history(accepted(1), quiet(2)),
    ),
    "no_task_lost.stuck": Answer(
        "it stops waiting before anybody could take the message: only a proof makes it stuck",
        history(accepted(1), unquiet(4)),
        history(accepted(1), quiet(4, queued=1)),
    ),
    "no_task_lost.unsettled": Answer(NO_PROOF),
    "no_task_lost.stranded": Answer(
        "it fast-forwards the visibility timeout: this is the remark that says so, and no accusation",
    ),
    "delivery.executed_twice": Answer(DOUBTED),
    "delivery.repeated_in_calm": Answer(
        "it hands a message back: each start after that is its own", history(*REPEATED)
    ),
    "delivery.executed_too_often": Answer(
        "it hands a message back: each start after that is its own",
        history(
            fault(0, "injected"), *REPEATED[:4], probe(4.1, "retried", pid=12), *(probe(t, "started") for t in (5, 6))
        ),
    ),
    "delivery.never_executed": Answer(
        "it submits after it has proved that all is quiet: the proof does not cover that",
        history(quiet(0.5), accepted(1)),
        history(accepted(1), quiet(2)),
    ),
    "delivery.expired": Answer(
        "its own load can keep work waiting until it expires: `promises.may_expire` allows that, and the message names it; "
        "a message that it hands back runs sooner, not later"
    ),
    "delivery.unsettled": Answer(NO_PROOF),
    "effects_once.effect_doubled": Answer(DOUBTED),
    "effects_once.effect_missing": Answer(
        "its tasks for a worker's state have no effect: they are no submissions of the workload",
        history(accepted(0, 0, "b", OTHER, "state"), probe(1, "succeeded", "b", OTHER), accepted(2), SENT),
        history(accepted(0, 0, "b", OTHER), probe(1, "succeeded", "b", OTHER), accepted(2), SENT),
    ),
    "effects_as_submitted.effect_differs": Answer(
        "cannot: it compares what its own mail server took, whole, with what it submitted"
    ),
    "effects_as_submitted.effect_misdirected": Answer(
        "cannot: it compares what its own mail server took with what it submitted"
    ),
    "status_true.success_before_effect": Answer(
        "it hands a message back, and the second execution sends: a task of which an execution had succeeded is not judged",
        history(
            accepted(1),
            probe(2, "started"),
            probe(2.1, "succeeded"),
            status(2.2, 2, "SUCCESS"),
            handed_back(3),
            probe(4, "started"),
            Effect(t=4.1, key=KEY),
            probe(4.2, "succeeded"),
        ),
    ),
    "status_true.waiting_called_running": Answer(
        "it kills the process that works on a task, so that its end is not told: each execution must have told its end",
        history(accepted(1), probe(1.5, "started", pid=9), STARTED_AGAIN, status(4, 2, "STARTED")),
        history(accepted(1), STARTED_AGAIN, status(4, 2, "STARTED")),
    ),
    "heeds_refusals.gave_up_early": Answer(
        "it kills the process that tries: a task with an execution that has not told its end is not judged",
        history(accepted(1), probe(1.5, "started", pid=9), tried(2, "failed")),
        history(accepted(1), tried(2, "failed")),
    ),
    "heeds_refusals.asked_again": Answer(
        "it kills the process that was refused, before it could note that: a task with such an execution is not judged",
        history(accepted(1), probe(1.5, "started", pid=9), tried(2, code=550), tried(3, "failed", 550)),
        history(accepted(1), tried(2, code=550), tried(3, "failed", 550)),
    ),
    "no_phantom.phantom": Answer(
        "it cuts the answer to its own submission off: one task of each such submission may appear",
        history(
            accepted(1), probe(2, "started", key=""), lost(3, 2), published(3.05, "b"), probe(4, "started", "b", "")
        ),
        history(accepted(1), probe(2, "started", key=""), published(3.05, "b"), probe(4, "started", "b", "")),
    ),
    "no_phantom.ran_after_fail": Answer(
        "it gives up a request that may have arrived: `fail` is only said where no byte was sent, or the system refused",
        history(asked(1, 1), Returned(t=1.5, op=1, outcome="info"), probe(2, "started")),
        history(refused(1, 1), probe(2, "started", "b")),
    ),
    "results_readable.unreadable": Answer(
        A_PART,
        history(accepted(1), probe(2, "succeeded"), phase(4, "read"), broken(5, 2, 200, partial=True)),
        history(accepted(1), probe(2, "succeeded"), phase(4, "read"), broken(5, 2, 200)),
    ),
    "results_readable.missing": Answer(
        "it asks before the result is stored: only what is so after the proof is judged",
        history(accepted(1), probe(2, "succeeded"), unquiet(4), phase(5, "read"), status(6, 2, "PENDING")),
        history(accepted(1), probe(2, "succeeded"), quiet(4), phase(5, "read"), status(6, 2, "PENDING")),
    ),
    "results_readable.vanished": Answer(
        A_PART,
        history(FAILED, phase(4, "read"), broken(5, 3, 200, partial=True)),
        history(FAILED, phase(4, "read"), broken(5, 3, 200)),
    ),
    "results_readable.differs": Answer(
        f"{LATE_WORDS}; a value that the probe did not keep may be any",
        history(accepted(1), probe(2, "succeeded", value="1"), status(4, 2, "SUCCESS", "2"), unquiet(5)),
    ),
    "results_readable.contradicts": Answer(
        LATE_WORDS, history(accepted(1), probe(2, "failed"), status(4, 2, "SUCCESS"), unquiet(5))
    ),
    "results_as_submitted.result_of_another": Answer("cannot: it compares what it reads with what it submitted itself"),
    "legal_states.left_terminal": Answer(DOUBTED),
    "legal_states.went_backwards": Answer(
        "it asks twice at once, and the answers overtake each other: only what came before the question was before",
        history(look(1, 1), status(1.1, 2, "STARTED"), said(1.5, 1, "PENDING")),
        history(status(1.1, 2, "STARTED"), look(1.3, 1), said(1.5, 1, "PENDING")),
    ),
    "api_answers.slow": Answer(
        "it keeps the machine busy: then the answer is `starved`, which is unknown",
        history(pressure(0, 0), accepted(1), broken(2, 2, 200, took_s=5), pressure(8, 6)),
    ),
    "api_answers.starved": Answer(NO_PROOF),
    "api_answers.no_answer": Answer(
        STRUCK,
        history(
            fault(1, "injected", target="api"), broken(1.5, 2, 0, error="ReadError"), fault(3, "healed", target="api")
        ),
    ),
    "api_answers.server_error": Answer(
        STRUCK, history(fault(1, "injected", target="api"), broken(1.5, 2, 502), fault(3, "healed", target="api"))
    ),
    "api_answers.no_retry_after": Answer(
        STRUCK, history(fault(1, "injected", target="api"), broken(1.5, 2, 503), fault(3, "healed", target="api"))
    ),
    "api_answers.invented": Answer("cannot: the id for which it asks is random, and was never submitted"),
    "api_answers.never_answered": Answer(
        "it ends the run before the deadline of a request is over: that much must have passed",
        history(asked(1, 1), phase(2.5, "stop")),
        history(asked(1, 1), phase(3.5, "stop")),
    ),
    "says_when.retry_after_wrong": Answer("cannot: it reads a header of the system's own answer"),
    "keeps_consuming.wedged": Answer(
        "its own load keeps the worker busy, and its own tasks hold it: neither is free",
        history(UP, probe(1, "started"), sample(2, queued=24), sample(40, queued=24)),
    ),
    "keeps_consuming.held_back": Answer(
        "its own task is still executed, which the system waits for: then nothing is held back",
        history(sample(1), Quiescence(t=40, proved=False, backlog=2, executing=1, unchanged_s=30)),
        history(sample(1), Quiescence(t=40, proved=False, backlog=2, unchanged_s=30)),
    ),
    "recovers_within.slow_recovery": Answer(
        "its own load is in front of the new task: the time in which no worker was free does not count",
        loaded(*LOAD, *NEW),
    ),
    "recovers_within.no_recovery": Answer(
        "it ends the run before the time is over: then it is `unsettled`, which is unknown",
        history(RECOVERING, accepted(3, purpose="recovery"), phase(9, "stop")),
        history(RECOVERING, accepted(3, purpose="recovery"), phase(13, "stop")),
    ),
    "recovers_within.hung": Answer(
        "its tasks take long: for as long as one took in calm, none hangs",
        history(
            UP,
            probe(0, "started", "b"),
            accepted(30, 9, "c", OTHER),
            probe(40, "succeeded", "b"),
            probe(41, "started", "c", OTHER),
            fault(42, "injected"),
            fault(43, "healed"),
            accepted(44, purpose="recovery"),
            probe(45, "succeeded"),
            Quiescence(t=75, proved=False, executing=1, in_hand=("c",)),
        ),
    ),
    "recovers_within.unsettled": Answer(NO_PROOF),
    "stays_up.died_in_calm": Answer(
        "it ends processes itself, at the end and for a fault: those are expected",
        history(process(0, "worker", "ready"), process(5, "worker", "exited", expected=True)),
        history(process(0, "worker", "ready"), process(5, "worker", "exited")),
    ),
    "acknowledges_late.acknowledged_early": Answer(
        f"{LATE_WORDS}; what it hands back itself passes no link",
        history(
            accepted(1),
            accepted(1, 2, "b", OTHER),
            wire(1.2, "HSET", "tag2", "b"),
            probe(1.3, "started", "b", OTHER),
            wire(1.3, "HSET", "tag", "a"),
            probe(1.4, "succeeded", "b", OTHER),
            wire(1.4, "HDEL", "tag2"),
            probe(1.5, "started"),
            wire(1.6, "HDEL", "tag"),
            unquiet(1.7),
        ),
    ),
    "acknowledges_late.acknowledged_dead": Answer(
        "it kills the pool process: that a task survives this is what is promised. What it hands back itself passes no link",
    ),
    "holds_few.hoarded": Answer(
        "its own tasks fill a worker, and whom it kills leaves messages behind: only calm without such tasks counts",
        history(accepted(0, 0, "b", OTHER, "state"), sample(1, unacked=12)),
    ),
    "stores_keep.forgot": Answer(
        "it takes a Redis' data away: `wiped`",
        history(
            sample(1, all_keys=5),
            process(2, "redis.broker", "exited"),
            process(2.5, "redis.broker", "wiped"),
            sample(3, all_keys=0),
        ),
    ),
    "stores_keep.evicts": Answer(
        "it takes a Redis' memory away: only before any fault is it the system's",
        history(fault(1, "injected"), sample(2, evicted=9)),
    ),
    "no_residue.keys_left": Answer(
        FEW,
        grown("keys", tasks=1),
        grown("keys", tasks=6),
    ),
    "no_residue.connections_left": Answer(
        FEW,
        grown("connections", tasks=1),
        grown("connections", tasks=6),
    ),
    "no_residue.processes_left": Answer(
        FEW,
        grown("processes", tasks=1),
        grown("processes", tasks=6),
    ),
    "no_residue.memory_left": Answer(
        FEW,
        grown("rss_bytes", tasks=1),
        grown("rss_bytes", tasks=6),
    ),
    "events_agree.contradicts_probe": Answer(
        LATE_WORDS,
        history(
            CeleryEvent(t=0.5, word="failed", task_id="a"),
            probe(0.4, "started"),
            probe(0.5, "failed"),
            CeleryEvent(t=3, word="succeeded", task_id="a"),
            unquiet(4),
            phase(9, "stop"),
        ),
    ),
    "events_agree.silent": Answer(
        "it listens too late: the run does not begin before its listener is connected; and one event of many tasks is enough",
        history(probe(1, "succeeded"), probe(2, "succeeded", "b"), CeleryEvent(t=2, word="succeeded", task_id="b")),
    ),
    "events_agree.event_without_run": Answer(
        LATE_WORDS,
        history(
            probe(1, "started", "b"), CeleryEvent(t=3, word="succeeded", task_id="a"), unquiet(4), phase(9, "stop")
        ),
    ),
    "counts_agree.miscounted": Answer(
        "it submits tasks of its own, to hold a worker: like each task without an outcome, they may be counted or not",
    ),
    "counts_agree.counts_unread": Answer(NO_PROOF),
    "one_schedule.scheduled_twice": Answer(
        "it kills a scheduler, whose place another takes: each must publish again after the other, twice",
        history(BEATS, scheduled(1, "beat"), fault(1.5, "injected"), scheduled(2, "beat-2"), scheduled(3, "beat")),
        history(BEATS, *(scheduled(t, link) for t, link in ((1, "beat"), (2, "beat-2"), (3, "beat"), (4, "beat-2")))),
    ),
    "one_schedule.schedule_unclear": Answer(NO_PROOF),
    "fault_happened.not_injected": Answer(NO_PROOF),
    "fault_happened.failed": Answer(NO_PROOF),
    "fault_happened.did_not_bite": Answer(NO_PROOF),
    "run_complete.cut_short": Answer(NO_PROOF),
    "run_complete.altered": Answer(NO_PROOF),
}


def test_each_kind_of_finding_has_its_answer_and_nothing_else_has() -> None:
    assert list(TABLE) == [f"{check.name}.{kind}" for check, kind in KINDS]


def proved(name: str, events: Iterable[AnyEvent]) -> bool:
    """Whether some check of this name proves this kind of finding."""
    check_name, kind = name.split(".")
    return any(
        finding.kind == kind and finding.status is Status.INVALID
        for check in EVERY_CHECK
        if check.name == check_name
        for finding in check(History(events)).findings
    )


CAUSED = {name: answer for name, answer in TABLE.items() if answer.history is not None}


@pytest.mark.parametrize("name", CAUSED)
def test_what_the_harness_caused_is_not_held_against_the_system(name: str) -> None:
    assert not proved(name, CAUSED[name].history or ())


@pytest.mark.parametrize("name", CAUSED)
def test_the_same_without_the_part_of_the_harness_is(name: str) -> None:
    _, caused, guilty = CAUSED[name]
    events = tuple(caused or ())
    less = (
        [event for index, event in enumerate(events) if index not in gone]
        for gone in itertools.combinations_with_replacement(range(len(events)), 2)
    )
    assert proved(name, guilty) if guilty is not None else any(proved(name, fewer) for fewer in less)


@pytest.mark.parametrize("name", [name for name, answer in TABLE.items() if answer.how == NO_PROOF])
def test_a_kind_that_is_no_accusation_never_is_one(name: str) -> None:
    check_name, kind = name.split(".")
    check = next(check for check, its_kind in KINDS if (check.name, its_kind) == (check_name, kind))
    assert check.kinds[kind].word == "undecided"


@pytest.mark.parametrize("name", [name for name, answer in TABLE.items() if answer.how == DOUBTED])
def test_what_a_fast_forward_may_explain_says_so(name: str) -> None:
    again = history(
        accepted(1),
        probe(2, "started"),
        SENT,
        status(2.6, 2, "SUCCESS"),
        handed_back(3),
        probe(4, "started", pid=12),
        Effect(t=4.5, key=KEY),
        status(4.6, 3, "STARTED"),
    )
    check_name, kind = name.split(".")
    found = [
        finding.message
        for check in EVERY_CHECK
        if check.name == check_name
        for finding in check(again).findings
        if finding.kind == kind
    ]
    assert found
    assert all(message.endswith("; the visibility timeout was fast-forwarded at 3.0 s") for message in found)
