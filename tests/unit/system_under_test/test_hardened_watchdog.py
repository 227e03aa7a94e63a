"""A worker that is stuck is told from one that is busy, idle, or cut off; and so is a shutdown that has no end."""

import time
from types import SimpleNamespace

from hardened.watchdog import EXIT_CODE, StallDetector, Watchdog


def first_stall(queued: int | None, in_hand: int, received_each_s: int = 0) -> int | None:
    detector = StallDetector(stall_s=5, concurrency=2)
    for second in range(30):
        if detector.stalled(float(second), queued, in_hand, received_each_s * second):
            return second
    return None


def test_messages_wait_and_a_free_worker_takes_none_is_a_stall() -> None:
    assert first_stall(queued=3, in_hand=0) == 5
    assert first_stall(queued=3, in_hand=1) == 5


def test_a_busy_worker_is_not_stuck() -> None:
    assert first_stall(queued=3, in_hand=2) is None


def test_an_idle_worker_is_not_stuck() -> None:
    assert first_stall(queued=0, in_hand=0) is None


def test_a_broker_that_does_not_answer_proves_nothing() -> None:
    assert first_stall(queued=None, in_hand=0) is None


def test_a_worker_that_still_receives_is_not_stuck() -> None:
    assert first_stall(queued=3, in_hand=0, received_each_s=1) is None


def test_a_good_moment_starts_the_count_again() -> None:
    detector = StallDetector(stall_s=5, concurrency=2)
    assert not any(detector.stalled(float(t), 3, 0, 0) for t in range(5))
    assert not detector.stalled(5.0, 3, 0, 1), "one was received"
    assert not any(detector.stalled(float(t), 3, 0, 1) for t in range(6, 10))
    assert detector.stalled(10.0, 3, 0, 1)


def watched(queued: int, *, closing: bool) -> tuple[list[int], float]:
    """The codes by which a watchdog ended its worker, and after how many seconds: at most one here, as it lives on in a test."""
    watchdog = Watchdog(SimpleNamespace())
    if closing:
        watchdog.close(SimpleNamespace())
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        watchdog.close(SimpleNamespace())
        raise SystemExit

    began = time.monotonic()
    try:
        watchdog._watch(SimpleNamespace(length=lambda: queued), StallDetector(0.01, 2), 0.005, 0.1, end)
    except SystemExit:
        pass
    return codes, time.monotonic() - began


def test_a_shutdown_is_given_its_time_and_no_more() -> None:
    codes, seconds = watched(3, closing=True)
    assert codes == [EXIT_CODE] and seconds >= 0.1, "a queue is no reason to end it sooner"


def test_a_stuck_worker_is_ended_at_once() -> None:
    assert watched(3, closing=False)[0] == [EXIT_CODE]
