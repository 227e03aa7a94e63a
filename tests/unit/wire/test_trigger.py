"""Which frames a fault waits for."""

from __future__ import annotations

import random
from typing import Any

import pytest
from stormproof.spec.trigger import Moment, Trigger, receives, sends
from stormproof.wire.counter import Counter

KEY = "storm-00ab-0002"


def moment(command: str = "HSET", key: str = "unacked", direction: Any = "request", **more: Any) -> Moment:
    known = {"raw": b"*1\r\n$4\r\nHSET\r\n", "ids": ()} | more
    return Moment(
        link="worker",
        component="worker",
        store="broker",
        connection=1,
        direction=direction,
        command=command,
        key=key,
        **known,
    )


def met(trigger: Trigger, *moments: Moment, seed: int = 1) -> list[int]:
    counter = Counter(trigger, random.Random(seed), lambda place: frozenset({f"storm-00ab-{place:04d}", f"id-{place}"}))
    return [number for number, one in enumerate(moments) if counter.meets(one)]


def test_command_key_and_direction_are_looked_at() -> None:
    frames = [moment("ZADD"), moment(key="other"), moment(direction="reply"), moment()]
    assert met(sends("worker", "HSET", key="unacked"), *frames) == [3]
    assert met(receives("worker", "HSET", key="un*"), *frames) == [2]
    assert met(sends("worker", "[HZ]*"), *frames) == [0]


def test_who_sends_and_who_receives_differ_in_the_direction_only() -> None:
    assert sends("worker") == Trigger(component="worker", direction="request")
    assert receives("worker") == Trigger(component="worker", direction="reply")
    said: dict[str, Any] = {
        "key": "k",
        "store": "results",
        "place": 3,
        "payload": "p",
        "nth": 2,
        "times": 4,
        "probability": 0.5,
    }
    assert sends("api", "SET", **said) == Trigger(component="api", direction="request", command="SET", **said)
    assert receives("api", "SET", **said) == Trigger(component="api", direction="reply", command="SET", **said)


def test_a_frame_is_told_by_its_link_command_key_and_direction() -> None:
    assert str(moment()) == "worker:HSET(unacked):request"
    assert str(moment("PING", "", "reply")) == "worker:PING:reply"


def test_a_shape_with_a_star_means_itself() -> None:
    assert met(sends("worker", key="celery-task-meta-*"), moment(key="celery-task-meta-*")) == [0]


@pytest.mark.parametrize(("nth", "times", "wanted"), [(1, 1, [0]), (3, 1, [2]), (2, 2, [1, 2]), (2, 0, [1, 2, 3, 4])])
def test_the_nth_and_those_after_it_are_met_as_often_as_was_asked(nth: int, times: int, wanted: list[int]) -> None:
    assert met(sends("worker", nth=nth, times=times), *[moment()] * 5) == wanted


def test_probability_is_of_the_runs_own_dice() -> None:
    trigger, frames = sends("worker", times=0, probability=0.5), [moment()] * 200
    assert met(trigger, *frames) == met(trigger, *frames)
    assert met(trigger, *frames) != met(trigger, *frames, seed=2)
    assert 60 < len(met(trigger, *frames)) < 140


class Dice(random.Random):
    """Draws what it was given."""

    def __init__(self, *drawn: float) -> None:
        super().__init__(1)
        self._drawn = iter(drawn)

    def random(self) -> float:
        return next(self._drawn)


def test_a_frame_is_met_where_less_than_the_probability_is_drawn() -> None:
    counter = Counter(sends("worker", times=0, probability=0.5), Dice(0.5, 0.49, 0.51), lambda place: frozenset())
    assert [counter.meets(moment()) for _ in range(3)] == [False, True, False]
    assert (counter.seen, counter.met, counter.spent) == (3, 1, False)


def test_what_is_certain_is_not_drawn() -> None:
    counter = Counter(sends("worker", nth=2), Dice(), lambda place: frozenset())
    assert [counter.meets(moment()) for _ in range(3)] == [False, True, False]
    assert (counter.seen, counter.met, counter.spent) == (2, 1, True)


def test_a_place_means_the_frames_of_that_task_by_key_or_id() -> None:
    frames = [moment(ids=("storm-00ab-0001",)), moment(ids=("x", KEY)), moment(ids=("id-2",)), moment()]
    assert met(sends("worker", place=2, times=0), *frames) == [1, 2]


def test_a_payload_is_a_pattern_on_the_frames_bytes() -> None:
    frames = [moment(raw=b'{"eta": null}'), moment(raw=b'{"eta": "2030"}')]
    assert met(sends("worker", payload=r'"eta": "20\d\d"'), *frames) == [1]


def test_an_answer_to_who_waited_in_vain_is_never_met() -> None:
    assert met(
        receives("worker", "BRPOP"), moment("BRPOP", "celery", "reply", nil=True), moment("BRPOP", "celery", "reply")
    ) == [1]


def test_a_meaning_is_met_whichever_command_has_it() -> None:
    trigger = sends("worker", meaning="hold")
    assert trigger.fits(moment(command="HSET", meaning="hold"))
    assert trigger.fits(moment(command="ZADD", meaning="hold"))
    assert not trigger.fits(moment(command="HSET", meaning="acknowledge"))
    assert (trigger.frame, sends("worker", "HSET", key="unacked").frame) == ("hold", "HSET(unacked)")
