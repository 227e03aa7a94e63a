"""Literal histories for `one_schedule`."""

import itertools

import pytest
from frames import frame
from literals import Case, history, probe
from stormproof.checks import OneSchedule
from stormproof.checks.verdict import Status
from stormproof.history import AnyEvent, Process

_numbers = itertools.count()


def beat(component: str) -> Process:
    return Process(t=0, component=component, role="beat", pid=7, word="started")


def published(t: float, link: str, task: str = "report", direction: str = "request") -> tuple[AnyEvent, ...]:
    """A periodic task is published, and a worker receives it: two events."""
    task_id = f"id-{next(_numbers)}"
    published = frame(t, "LPUSH", link=link, direction=direction, key="celery", ids=(task_id, "x"))
    return published, probe(t + 0.1, "received", task_id, "", task=task)


BEATS = (beat("beat"), beat("beat-2"))

CASES = (
    Case(
        "one scheduler publishes again and again",
        history(beat("beat"), published(1, "beat"), published(2, "beat"), published(3, "beat"), published(4, "beat")),
        avoids="scheduled_twice",
    ),
    Case(
        "two schedulers of different tasks are two schedules",
        history(
            BEATS,
            published(1, "beat"),
            published(1, "beat-2", "clean"),
            published(2, "beat"),
            published(2, "beat-2", "clean"),
        ),
        avoids="scheduled_twice",
    ),
    Case(
        "a scheduler that takes over may give back",
        history(BEATS, published(1, "beat"), published(2, "beat-2"), published(3, "beat-2"), published(4, "beat")),
        avoids="scheduled_twice",
    ),
    Case(
        "the API may publish the same task",
        history(BEATS, published(1, "beat"), published(1, "api"), published(2, "beat"), published(2, "api")),
        avoids="scheduled_twice",
    ),
    Case(
        "a reply is no second publication",
        history(
            BEATS,
            published(1, "beat"),
            published(1, "beat-2", direction="reply"),
            published(2, "beat"),
            published(2, "beat-2", direction="reply"),
        ),
        avoids="scheduled_twice",
    ),
    Case(
        "two schedulers of one schedule publish each task twice",
        history(BEATS, published(1, "beat"), published(1, "beat-2"), published(2, "beat"), published(2, "beat-2")),
        {"scheduled_twice": (2, 4, 6, 8)},
    ),
)

CHECK = OneSchedule(shared=True)


def unclear(case: Case) -> Case:
    """The same where nothing is promised."""
    finds = {kind.replace("scheduled_twice", "schedule_unclear"): evidence for kind, evidence in case.finds.items()}
    return Case(
        f"{case.title}, where nothing is promised",
        case.history,
        finds,
        "" if finds else "schedule_unclear",
        unknown=True,
    )


SHARED, UNSAID = CASES, tuple(unclear(case) for case in CASES)
CASES = (*SHARED, *UNSAID)


@pytest.mark.parametrize("case", SHARED, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


@pytest.mark.parametrize("case", UNSAID, ids=str)
def test_where_nothing_is_promised_it_is_unknown(case: Case) -> None:
    case.must_hold(OneSchedule())


def test_the_message_names_task_and_schedulers_and_how_to_let_it_be_seen() -> None:
    [finding] = OneSchedule()(SHARED[-1].history).findings
    assert finding.status is Status.UNKNOWN
    assert finding.message == (
        "report: beat and beat-2 publish it in turns, 4 times from 1.0 to 2.0 s; "
        'say whether they serve one schedule: promises.schedulers = "one" or "many"'
    )
