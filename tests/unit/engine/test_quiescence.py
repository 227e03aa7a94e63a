"""The rule of quiescence: when to wait, to hand back what is abandoned, and to end with or without a proof."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from stormproof.engine.quiescence import ABANDONED_S, CALM_S, DONE_S, HAND_BACK, WAIT, Around, Look, decide

PROMISED = Around(stall_s=12.0, recovery_s=20.0)
EMPTY = Look()
ONE_ABANDONED = Look(unacked=1, abandoned=frozenset({b"tag"}))
ONE_HELD = Look(unacked=1, held=1)
LEFT = "messages are left, no worker lives, and nobody will start one"


def around(**more: Any) -> Around:
    return msgspec.structs.replace(PROMISED, **more)


def test_an_empty_system_that_was_still_long_enough_is_quiescent() -> None:
    decision = decide(EMPTY, PROMISED, CALM_S)
    assert (decision.do, decision.reason) == ("prove", "nothing queued, unacknowledged, executing or held back")
    assert decide(EMPTY, PROMISED, CALM_S - 0.001) is WAIT


@pytest.mark.parametrize(
    "look",
    [Look(queued=1), Look(astray=1), Look(unacked=1), Look(in_hand=("a",)), Look(backlog=1), ONE_HELD],
    ids=["queued", "astray", "unacknowledged", "executing", "held back", "held"],
)
def test_nothing_is_proved_while_anything_is_anywhere_and_a_worker_lives(look: Look) -> None:
    assert not look.empty
    assert decide(look, PROMISED, 5.0) is WAIT


def test_nothing_is_proved_while_a_submission_awaits_its_answer() -> None:
    assert decide(EMPTY, around(submitting=True), 5.0) is WAIT
    assert decide(Look(queued=1), around(submitting=True, worker_alive=False), 5.0) is WAIT


def test_messages_that_are_left_are_stuck_where_no_worker_lives_and_nobody_starts_one() -> None:
    nobody = around(worker_alive=False)
    for look in (Look(queued=1), Look(unacked=1), ONE_ABANDONED):
        decision = decide(look, nobody, CALM_S)
        assert (decision.do, decision.reason) == ("prove", LEFT)
        assert decide(look, nobody, CALM_S - 0.001) is WAIT


@pytest.mark.parametrize(
    ("look", "more"),
    [
        (Look(queued=1, in_hand=("a",)), {"worker_alive": False}),
        (Look(queued=1, backlog=1), {"worker_alive": False}),
        (Look(queued=1), {"worker_alive": False, "restart_pending": True}),
        (Look(queued=1), {"worker_alive": True}),
    ],
    ids=["a pool process is still at work", "the system holds work back", "a supervisor starts it again", "it lives"],
)
def test_what_is_left_is_not_stuck_while_somebody_may_take_it(look: Look, more: dict[str, Any]) -> None:
    assert decide(look, around(**more), 5.0) is WAIT


def test_an_abandoned_message_is_handed_back_when_all_was_still_long_enough_and_a_worker_lives() -> None:
    assert decide(ONE_ABANDONED, PROMISED, ABANDONED_S + 0.001) is HAND_BACK
    assert decide(ONE_ABANDONED, PROMISED, ABANDONED_S) is WAIT
    assert decide(ONE_ABANDONED, around(worker_alive=False, restart_pending=True), 5.0) is WAIT


def test_a_message_whose_task_was_executed_to_its_end_is_handed_back_when_its_acknowledgement_is_lost() -> None:
    done = Look(unacked=1, done=frozenset({b"tag"}))
    assert decide(done, PROMISED, DONE_S) is WAIT
    assert decide(done, PROMISED, DONE_S + 0.001) is HAND_BACK
    assert decide(done, around(worker_alive=False, restart_pending=True), 5.0) is WAIT


def test_what_is_abandoned_is_handed_back_before_what_is_done() -> None:
    both = Look(unacked=2, abandoned=frozenset({b"a"}), done=frozenset({b"b"}))
    assert both.handed_back(ABANDONED_S) == frozenset()
    assert both.handed_back(DONE_S) == {b"a"}
    assert both.handed_back(DONE_S + 0.001) == {b"a", b"b"}


def test_an_abandoned_message_need_not_wait_for_another_task_that_executes_or_for_a_submission() -> None:
    assert decide(msgspec.structs.replace(ONE_ABANDONED, in_hand=("other",)), PROMISED, 2.0) is HAND_BACK
    assert decide(ONE_ABANDONED, around(submitting=True), 2.0) is HAND_BACK


@pytest.mark.parametrize(
    "look", [ONE_HELD, Look(unacked=1, unseen=1), Look(unacked=1)], ids=["held", "unseen", "other"]
)
def test_a_message_that_is_not_proved_to_be_abandoned_is_never_handed_back(look: Look) -> None:
    for calm_s in (0.1, 1.0, 5.0, 12.9, 13.1, 1000.0):
        assert decide(look, PROMISED, calm_s) is not HAND_BACK


@pytest.mark.parametrize(
    ("look", "more", "patience_s"),
    [
        (Look(queued=1), {}, 12.0),
        (Look(queued=1), {"slowest_s": 60.0}, 12.0),
        (Look(queued=1), {"longest_s": 60.0}, 12.0),
        (ONE_HELD, {}, 12.0),
        (ONE_HELD, {"slowest_s": 60.0}, 72.0),
        (Look(in_hand=("a",)), {}, 20.0),
        (Look(in_hand=("a",)), {"longest_s": 15.0}, 35.0),
        (Look(in_hand=("a",)), {"stall_s": 50.0}, 50.0),
    ],
)
def test_waiting_ends_when_each_promise_is_broken_and_not_before(
    look: Look, more: dict[str, Any], patience_s: float
) -> None:
    assert around(**more).patience_s(look) == patience_s
    assert decide(look, around(**more), patience_s + 1) is WAIT
    decision = decide(look, around(**more), patience_s + 1.001)
    assert decision.do == "give up"
    assert decision.reason.startswith(f"not quiet, and no change for {patience_s + 1.001:.0f} s")


def test_a_message_whose_time_has_not_come_is_waited_for() -> None:
    assert decide(ONE_HELD, around(due_s=0.001), 100.0) is WAIT
    assert decide(ONE_HELD, around(due_s=0.0), 100.0).do == "give up"


def test_the_reason_says_who_holds_what_is_left() -> None:
    reason = decide(Look(unacked=5, held=2, unseen=3), PROMISED, 14.0).reason
    assert reason == (
        "not quiet, and no change for 14 s; live workers hold 2 unacknowledged messages; no link has seen who took 3 "
        "unacknowledged messages: a worker does not connect through its link"
    )
    assert decide(Look(queued=1), PROMISED, 14.0).reason == "not quiet, and no change for 14 s"
    astray = decide(Look(astray=4), PROMISED, 14.0).reason
    assert astray == "not quiet, and no change for 14 s; 4 messages lie in lists that no worker of the system reads"


def test_what_is_proved_comes_before_what_is_abandoned() -> None:
    """Where nobody lives, nobody hands anything back."""
    assert decide(ONE_ABANDONED, around(worker_alive=False), 5.0).reason == LEFT
