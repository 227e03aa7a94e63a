"""Fault points have names that are the same from run to run."""

from __future__ import annotations

from typing import Any

import frames
import pytest
from stormproof import history as h
from stormproof.errors import UsageError
from stormproof.history import Wire
from stormproof.sweep.points import Point, life, recovery, stable


def frame(
    command: str, key: str = "", direction: Any = "request", link: str = "worker", t: float = 1.0, **more: Any
) -> Wire:
    return frames.frame(t, command, key=key, direction=direction, link=link, **more)


def names(frames: list[Wire]) -> list[str]:
    return [point.name for point in life(frames, ["worker", "api"])]


def test_each_frame_is_named_by_its_place_among_its_own_kind() -> None:
    frames = [frame("MULTI"), frame("HSET", "unacked"), frame("MULTI"), frame("HSET", "unacked", "reply")]
    assert names(frames) == [
        "worker:MULTI:request:1",
        "worker:HSET(unacked):request:1",
        "worker:MULTI:request:2",
        "worker:HSET(unacked):reply:1",
    ]


def test_the_links_of_two_stores_count_apart() -> None:
    frames = [frame("MULTI"), frame("MULTI", link="worker.results")]
    assert names(frames) == ["worker:MULTI:request:1", "worker.results:MULTI:request:1"]


def test_who_waits_is_no_point_but_the_answer_is() -> None:
    frames = [frame("BRPOP", "celery", waits=True), frame("BRPOP", "celery", "reply"), frame("MESSAGE", "", "push")]
    assert names(frames) == ["worker:BRPOP(celery):reply:1"]


def test_components_that_are_not_asked_for_are_left_out() -> None:
    assert names([frame("GET", "x", link="flower")]) == []


def lives(*texts: str) -> list[list[Point]]:
    return [life([frame(command) for command in text], ["worker"]) for text in texts]


def commands(points: tuple[Point, ...]) -> str:
    return "".join(point.command for point in points)


def test_what_few_lives_have_is_no_point() -> None:
    assert commands(stable(lives("ABX", "AB", "AYB"))) == "AB"
    assert stable([]) == ()


def test_what_few_lives_lack_is_a_point_in_its_usual_place() -> None:
    assert commands(stable(lives("ABC", "ABC", "AC"))) == "ABC"


def test_the_recovery_is_what_names_the_task_after_the_bite() -> None:
    key = "storm-00ab-0001"
    events = [
        frame("HSET", "unacked", ids=("id-1",)),
        h.Fault(t=1.5, fault="c", name="reset", stage="bit"),
        frame("BRPOP", "celery", "reply", t=2.0, ids=("id-1", key)),
        frame("HSET", "unacked", t=2.1, ids=("other",)),
        frame("HSET", "unacked", t=2.2, ids=("id-1",)),
        frame("ZREM", "unacked", t=2.3, ids=("id-1",), fate="kill"),
        h.Phase(t=3.0, name="read"),
        frame("GET", "result", t=3.1, ids=("id-1",), link="api.results"),
    ]
    assert [point.name for point in recovery(events, {key, "id-1"})] == [
        "worker:BRPOP(celery):reply:1",
        "worker:HSET(unacked):request:1",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "worker:HSET(unacked):request:1",
        "worker.results:MULTI:reply:12",
        "api:PUBLISH(/0.celeryev/task.sent):reply:1",
        "w:LLEN(celery:3):request:2",
    ],
)
def test_a_name_says_which_point_it_is(name: str) -> None:
    assert Point.parse(name).name == name


@pytest.mark.parametrize("name", ["", "worker", "worker:HSET:push:1", "worker:HSET(unacked):request:x"])
def test_a_name_of_no_point_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="names no fault point; they look like worker:HSET"):
        Point.parse(name)


def test_the_trigger_of_a_point_means_its_link_and_no_other() -> None:
    trigger = Point.parse("worker.results:SETEX(celery-task-meta-*):reply:2").trigger("broker")
    assert (trigger.component, trigger.store, trigger.direction, trigger.nth) == ("worker", "results", "reply", 2)
    assert Point.parse("worker:EXEC:request:1").trigger("broker").store == "broker"
