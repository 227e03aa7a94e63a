"""One row a second, from the events of a system as they come."""

from __future__ import annotations

from typing import Any

import msgspec
from stormproof.history import AnyEvent
from stormproof.report.seconds import Seconds


def told(*events: dict[str, Any]) -> Seconds:
    seconds = Seconds()
    whole = {"type": "sample", "store": "results", "up": True, "t": 1000.0}
    for event in (*events, whole):
        seconds.take(msgspec.convert(event, AnyEvent))
    return seconds


def invoked(t: float, op: int = 1, key: str = "a") -> dict[str, Any]:
    return {"type": "invoked", "t": t, "op": op, "kind": "submit", "key": key}


def probe(t: float, word: str, key: str = "a") -> dict[str, Any]:
    return {"type": "probe", "component": "worker", "pid": 2, "parent": 1, "t": t, "word": word, "key": key}


def fault(t: float, stage: str, detail: str = "") -> dict[str, Any]:
    return {"type": "fault", "t": t, "fault": "0", "name": "kill", "target": "worker", "stage": stage, "detail": detail}


def test_a_second_is_told_by_its_end_with_what_came_what_was_done_and_what_waits() -> None:
    seconds = told(
        invoked(5.1),
        invoked(5.2, 2, "b"),
        {"type": "sample", "store": "broker", "up": True, "t": 5.3, "queued": 7, "unacked": 2},
        {"type": "process", "role": "worker", "component": "worker", "pid": 1, "word": "ready", "t": 5.4},
        {"type": "process", "role": "api", "component": "api", "pid": 3, "word": "ready", "t": 5.4},
        probe(5.5, "started"),
        probe(5.6, "succeeded"),
    )
    assert seconds.rows[-1] == {
        "t": 6, "submitted": 2, "done": 1, "p50_ms": 500.0, "p95_ms": 500.0, "under_way": 1, "queued": 7, "unacked": 2, "workers": 1,
    }  # fmt: skip


def test_a_second_without_an_end_has_no_latency() -> None:
    row = told(invoked(5.1)).rows[-1]
    assert (row["done"], row["p50_ms"]) == (0, None)


def test_half_of_the_tasks_take_no_longer_than_the_median() -> None:
    ends = [invoked(5.0, op, str(op)) for op in range(4)] + [
        probe(5.1 + op / 10, "succeeded", str(op)) for op in range(4)
    ]
    row = told(*ends).rows[-1]
    assert (round(row["p50_ms"] or 0), round(row["p95_ms"] or 0)) == (200, 400)


def test_what_is_noted_after_its_end_and_what_is_submitted_once_more_is_not_under_way() -> None:
    row = told(probe(5.2, "succeeded"), invoked(5.1), invoked(5.3, 2)).rows[-1]
    assert (row["done"], row["under_way"], round(row["p50_ms"] or 0)) == (1, 0, 100)


def test_what_was_refused_is_not_under_way() -> None:
    row = told(invoked(5.1), {"type": "returned", "t": 5.2, "op": 1, "outcome": "fail"}).rows[-1]
    assert row["under_way"] == 0


def test_a_worker_that_exited_does_not_work() -> None:
    events = [
        {"type": "process", "role": "worker", "component": "worker", "pid": 1, "word": word, "t": 5.0}
        for word in ("ready", "exited")
    ]
    assert told(*events).rows[-1]["workers"] == 0


def test_a_window_lasts_until_it_is_healed_and_a_proof_may_come_after_that() -> None:
    lanes = told(fault(5.0, "injected"), fault(7.0, "healed"), fault(7.1, "bit", "17 is gone")).lanes
    assert lanes == {
        "lane": ["kill worker"], "left": [5.0], "right": [7.0], "state": ["17 is gone"], "in_force": [False],
    }  # fmt: skip


def test_a_window_that_is_open_lasts_until_now_and_says_that_nothing_proves_it() -> None:
    lanes = told(fault(5.0, "injected")).lanes
    assert (lanes["right"], lanes["in_force"], lanes["state"]) == ([1000.0], [True], ["nothing proves that it bit"])


def test_what_could_not_be_done_says_why() -> None:
    lanes = told(fault(5.0, "injected"), fault(6.0, "failed", "no such process")).lanes
    assert (lanes["right"], lanes["state"]) == ([6.0], ["no such process"])
