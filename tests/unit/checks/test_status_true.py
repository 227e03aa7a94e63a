"""Literal histories for `status_true`."""

import pytest
from literals import KEY, OTHER, Case, accepted, history, probe, status
from stormproof.checks import StatusTrue
from stormproof.history import Effect

CASES = (
    Case(
        "the effect comes before the success",
        history(
            accepted(1), probe(2, "started"), Effect(t=2.5, key=KEY), probe(3, "succeeded"), status(4, 2, "SUCCESS")
        ),
        avoids="success_before_effect",
    ),
    Case(
        "success may be read before the probe tells of it",
        history(
            accepted(1), probe(2, "started"), Effect(t=2.5, key=KEY), status(2.6, 2, "SUCCESS"), probe(3, "succeeded")
        ),
        avoids="success_before_effect",
    ),
    Case(
        "success that is read while the e-mail is on its way is too early",
        history(
            accepted(1), probe(2, "started"), status(3, 2, "SUCCESS"), Effect(t=4, key=KEY), probe(4.1, "succeeded")
        ),
        {"success_before_effect": (2, 4, 5)},
    ),
    Case(
        "the first of several answers is the proof",
        history(
            accepted(1),
            probe(2, "started"),
            status(2.5, 2, "STARTED"),
            status(3, 3, "SUCCESS"),
            status(3.5, 4, "SUCCESS"),
            Effect(t=4, key=KEY),
        ),
        {"success_before_effect": (2, 6, 9)},
    ),
    Case(
        "a failure needs no effect, and one that comes later is no lie about success",
        history(
            accepted(1),
            probe(2, "started"),
            status(3, 2, "FAILURE"),
            Effect(t=4, key=KEY),
            accepted(5, 3, "b", OTHER),
            status(6, 4, "SUCCESS", task_id="b", key=OTHER),
        ),
        avoids="success_before_effect",
    ),
    Case(
        "a task that had ended has handed the effect on",
        history(
            accepted(1), probe(2, "started"), status(3, 2, "SUCCESS"), probe(3.2, "succeeded"), Effect(t=4, key=KEY)
        ),
        avoids="success_before_effect",
    ),
    Case(
        "another task of the same submission may send the effect",
        history(
            accepted(1),
            probe(2, "started"),
            status(3, 2, "SUCCESS"),
            probe(3.1, "started", "b"),
            Effect(t=4, key=KEY),
            probe(4.1, "succeeded"),
        ),
        avoids="success_before_effect",
    ),
    Case(
        "where no probe saw it begin, nobody knows who sends",
        history(accepted(1), status(3, 2, "SUCCESS"), Effect(t=4, key=KEY)),
        avoids="success_before_effect",
    ),
    Case(
        "what is being executed is said to be",
        history(accepted(1), probe(2, "started"), status(3, 2, "STARTED"), probe(4, "retried"), status(5, 3, "RETRY")),
        avoids="waiting_called_running",
    ),
    Case(
        "what waits to be tried again is not being executed",
        history(accepted(1), probe(2, "started"), probe(3, "retried"), status(4, 2, "RETRY"), status(5, 3, "STARTED")),
        {"waiting_called_running": (3, 6, 7)},
    ),
    Case(
        "the question may come before the answer's truth ends",
        history(accepted(1), probe(2, "started"), status(3, 2, "STARTED"), probe(3.05, "retried")),
        avoids="waiting_called_running",
    ),
    Case(
        "the next attempt may begin while the answer is on its way",
        history(accepted(1), probe(2, "started"), probe(3, "retried"), status(4, 2, "STARTED"), probe(4.05, "started")),
        avoids="waiting_called_running",
    ),
    Case(
        "an execution that never told its end may be dead, and may be not",
        history(
            accepted(1), probe(1.5, "started", pid=9), probe(2, "started"), probe(3, "retried"), status(4, 2, "STARTED")
        ),
        avoids="waiting_called_running",
    ),
    Case(
        "a repetition that was dropped is no wait",
        history(
            accepted(1),
            probe(2, "started"),
            probe(2.5, "retried"),
            probe(3, "started"),
            probe(3.1, "ignored"),
            status(4, 2, "STARTED"),
        ),
        avoids="waiting_called_running",
    ),
    Case(
        "a missing effect is for another check",
        history(accepted(1), probe(2, "started"), status(3, 2, "SUCCESS")),
        avoids="success_before_effect",
    ),
)

CHECK = StatusTrue(has_effects=True, running=("STARTED",))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_what_is_not_promised_is_not_judged() -> None:
    for case in CASES:
        Case("not promised", case.history).must_hold(StatusTrue())


def test_the_message_says_since_when_it_waited() -> None:
    waiting = history(accepted(1), probe(2, "started"), probe(3, "retried"), status(4, 2, "STARTED"))
    [finding] = CHECK(waiting).findings
    assert finding.message == f"{KEY} (task a): STARTED at 4.1 s, and since 3.0 s it waited to be tried again"


def test_the_message_says_by_how_much_it_was_too_early() -> None:
    early = history(accepted(1), probe(2, "started"), status(3, 2, "SUCCESS"), Effect(t=4.6, key=KEY))
    [finding] = CHECK(early).findings
    assert finding.message == f"{KEY} (task a): SUCCESS at 3.1 s, and its effect happened 1.5 s later"
