"""What is armed on a link: who acts, who only counts, and when frames may go on unseen."""

from __future__ import annotations

import random
from typing import Any

from stormproof.spec.trigger import Moment, Trigger
from stormproof.wire.actions import Ask, Close
from stormproof.wire.counter import Counter
from stormproof.wire.faults import Reset
from stormproof.wire.rules import Rule, Rules

MOMENT = Moment(
    link="worker",
    component="worker",
    store="broker",
    connection=1,
    direction="request",
    command="GET",
    key="a",
    raw=b"",
)


def rule(injection: str, trigger: Trigger | None, fault: Reset | None = None, **more: Any) -> Rule:
    dice = random.Random(1)
    return Rule(injection, fault, Counter(trigger, dice, lambda place: frozenset()) if trigger else None, dice, **more)


def test_a_rule_counts_what_it_has_met_and_knows_the_last() -> None:
    one = rule("0", None, Reset())
    assert (one.hits, one.last) == (0, "")
    one.hit("first")
    one.hit("second")
    assert (one.hits, one.last) == (2, "second")


def test_a_rule_without_a_trigger_strikes_at_once_and_meets_no_frame() -> None:
    at_once, waiting = rule("0", None, Reset()), rule("1", Trigger())
    assert (at_once.at_once, at_once.meets(MOMENT), at_once.name) == (True, False, "reset")
    assert (waiting.at_once, waiting.meets(MOMENT), waiting.name) == (False, True, "held")
    assert at_once.actions(None) == [Close("reset")]
    assert waiting.actions(MOMENT) == [Ask()]


def test_who_is_not_told_how_to_ask_lets_the_frame_go_on() -> None:
    decisions: list[bool] = []
    rule("0", Trigger()).asked(MOMENT, decisions.append)
    assert decisions == [True]


def test_the_first_rule_that_meets_a_frame_acts_and_the_others_only_count() -> None:
    rules = Rules()
    other, first, second = rule("0", Trigger(command="SET")), rule("1", Trigger()), rule("2", Trigger())
    for one in (other, first, second):
        rules.arm(one)
    assert rules.meeting(MOMENT) is first
    assert [(one.hits, one.last) for one in (other, first, second)] == [(0, ""), (1, "worker:GET(a):request"), (0, "")]
    assert rules.meeting(MOMENT) is None  # The second has been spent as well.


def test_a_passive_rule_is_told_of_the_frame_and_lets_the_next_one_act() -> None:
    told: list[Moment] = []

    def asked(moment: Moment, decide: Any) -> None:
        told.append(moment)
        decide(False)  # Nobody listens.

    rules = Rules()
    passive, acting = rule("0", Trigger(), asked=asked, passive=True), rule("1", Trigger())
    rules.arm(passive)
    rules.arm(acting)
    assert rules.meeting(MOMENT) is acting
    assert told == [MOMENT]
    assert (passive.hits, acting.hits) == (0, 1)


def test_frames_go_unseen_only_while_nothing_is_armed_and_nobody_watches() -> None:
    rules, one, two = Rules(), rule("0", Trigger()), rule("1", Trigger())
    seen = [rules.quiet]
    for change in (
        lambda: rules.arm(one),
        lambda: rules.arm(two),
        lambda: rules.disarm(one),
        lambda: rules.disarm(two),
        lambda: rules.observe(lambda moment, fate, injection: None),
        lambda: rules.arm(one),
        lambda: rules.disarm(one),
    ):
        change()
        seen.append(rules.quiet)
    assert seen == [True, False, False, False, True, False, False, False]
