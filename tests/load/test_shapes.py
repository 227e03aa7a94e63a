"""Shapes: curves of users, and the search for the knee."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
import shapes
from shapes import CURVES, Along, Step, Steps
from stormproof.errors import UsageError


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_stays_between_nobody_and_everybody(name: str) -> None:
    shares = [CURVES[name](over / 1000) for over in range(1000)]
    assert min(shares) >= 0
    assert max(shares) == pytest.approx(1, abs=0.01)


def at(shape: Along | Steps, seconds: float) -> tuple[int, float] | None:
    shape.get_run_time = lambda: seconds  # type: ignore[method-assign]
    return shape.tick()


def test_a_curve_is_followed_to_its_end() -> None:
    spike = Along(CURVES["spike"], users=50, seconds=10)
    assert [tick and tick[0] for tick in (at(spike, 1), at(spike, 4.5), at(spike, 7), at(spike, 10))] == [
        5,
        50,
        5,
        None,
    ]


def climbed(backlog: dict[int, list[float]], most: int = 5) -> tuple[Steps, list[int]]:
    """Steps of ten seconds; at each look that many tasks more wait than before."""
    waiting, seen, looks = 0.0, [], {users: list(grown) for users, grown in backlog.items()}
    steps = Steps(1.0, most, 1, 10.0, lambda: waiting)
    time_s = 0.0
    while (tick := at(steps, time_s)) is not None:
        seen.append(tick[0])
        waiting += looks.get(tick[0], [0.0]).pop(0) if looks.get(tick[0]) else 0.0
        time_s += 10
    return steps, seen


def test_the_knee_is_the_last_step_at_which_the_queue_did_not_grow(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="stormproof"):
        steps, seen = climbed({4: [9.0, 9.0]})
    assert seen == [1, 2, 3, 4, 4]
    assert steps.said == "the knee: 3 arrivals/s; one step more, and the queue grew"
    assert caplog.messages[-1] == steps.said


def test_one_burst_is_no_trend() -> None:
    steps, seen = climbed({2: [9.0, 0.0]})
    assert seen == [1, 2, 2, 3, 4, 5]
    assert steps.said == "the knee: not reached; the queue did not grow at 5 arrivals/s"


def test_a_queue_that_grows_at_once_has_no_knee() -> None:
    steps, _ = climbed({1: [9.0, 9.0]})
    assert steps.said == "the knee: below the first step; take fewer users a step"


def test_a_step_holds_where_next_to_nothing_is_left() -> None:
    assert Step(users=50, left=0.4).holds
    assert not Step(users=50, left=0.6).holds


def test_a_shape_that_is_not_known_or_cannot_be_is_told_in_one_line() -> None:
    with pytest.raises(UsageError, match="'hill' is not known; it should be one of: steady, spike, soak, day, steps"):
        shapes.check(SimpleNamespace(shape="hill", storm=""), steered=True)
    with pytest.raises(UsageError, match="leave out --host"):
        shapes.check(SimpleNamespace(shape="steps", storm=""), steered=False)
    shapes.check(SimpleNamespace(shape="", storm=""), steered=False)
    with pytest.raises(UsageError, match="--storm: only on a system that is started here"):
        shapes.check(SimpleNamespace(shape="", storm="x.py"), steered=False)
