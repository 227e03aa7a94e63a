"""The cells of a sweep: only faults that can really be at a point."""

from __future__ import annotations

import pytest
from stormproof import Delay, Kill
from stormproof.errors import UsageError
from stormproof.sweep.cells import USUAL, Cell, all_faults, cells
from stormproof.sweep.points import Point

HSET = Point.parse("worker:HSET(unacked):request:1")
POPPED = Point.parse("worker:BRPOP(celery):reply:1")


def faults_at(point: Point) -> set[str]:
    return {cell.fault for cell in cells([point], all_faults(), "broker")}


def test_only_a_reply_is_garbled_and_only_a_request_is_answered_with_an_error() -> None:
    assert {"garble", "truncate"} <= faults_at(POPPED)
    assert not {"oom", "loading", "duplicate"} & faults_at(POPPED)
    assert {"oom", "loading", "duplicate"} <= faults_at(HSET)
    assert "garble" not in faults_at(HSET)


def test_redis_gives_only_the_errors_that_it_could_give() -> None:
    assert "oom" not in faults_at(Point.parse("worker:ZREM(unacked_index):request:1"))
    assert "readonly" not in faults_at(Point.parse("api:GET(x):request:1"))
    assert "loading" not in faults_at(Point.parse("api:SUBSCRIBE(x):request:1"))


def test_an_id_says_which_cell_it_is() -> None:
    cell = Cell.parse("api:PUBLISH(/0.celeryev/task.sent):reply:1/kill")
    assert cell.id == "api:PUBLISH(/0.celeryev/task.sent):reply:1/kill"
    with pytest.raises(UsageError, match=r"names no fault; .* faults: kill, reset"):
        Cell.parse("worker:EXEC:request:1/explode")


def test_a_cell_strikes_the_component_whose_link_it_is() -> None:
    injection = Cell(point=POPPED, fault="kill").injection("broker")
    assert injection is not None
    assert injection.fault == Kill(component="worker")
    assert injection.when == POPPED.trigger("broker")


def test_a_delay_is_longer_than_any_usual_socket_timeout() -> None:
    injection = Cell(point=POPPED, fault="delay").injection("broker")
    assert injection is not None
    assert injection.fault == Delay(delay_ms=None)
    assert injection.for_s >= 3


def test_the_usual_faults_are_the_first_ones() -> None:
    assert USUAL[0] == "kill"
    assert list(all_faults())[: len(USUAL)] == list(USUAL)
    assert "half_close" not in USUAL
