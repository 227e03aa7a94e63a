"""Rows for tasks, from the events of a system as they come."""

from __future__ import annotations

from typing import Any

import pytest
from stormproof.spec.tables import Status, Submit
from target import Target
from task_rows import TaskRows


class Clocked(Target):
    """A target whose time stands where the test puts it."""

    at = 0.0

    def now(self) -> float:
        return self.at


class Rows(TaskRows):
    """What is fired is kept: (row, ms, error)."""

    def __init__(self, *, effects: bool = True) -> None:
        target = Clocked(
            url="http://127.0.0.1:1",
            submit=Submit(path="/"),
            status=Status(path="/{task_id}"),
            run="00ab",
            t0=0.0,
            effects=effects,
            recovery_s=10.0,
        )
        self.clock = target
        self.fired: list[tuple[str, float, str]] = []
        super().__init__(target, self._keep, None)
        self._remote = object()  # type: ignore[assignment] # As if somebody told of events.

    def _keep(self, **row: Any) -> None:
        self.fired.append((row["name"], row["response_time"], str(row["exception"] or "")))

    def _flush(self) -> None:
        """Nobody is there to be told."""

    def tell(self, t: float, **event: Any) -> None:
        self.clock.at = max(self.clock.at, t)
        self.take({"t": t, "key": "storm-00ab-0001", **event})


def started(rows: Rows, due: float = 1.0, accepted: float = 1.5) -> None:
    rows.due("storm-00ab-0001", due)
    rows.clock.at = accepted
    rows.accepted("storm-00ab-0001", "id")


def test_times_count_from_when_a_submission_was_due() -> None:
    rows = Rows()
    started(rows)
    rows.tell(2.0, type="probe", word="started")
    rows.tell(2.5, type="effect")
    rows.tell(3.0, type="probe", word="succeeded")
    assert rows.fired == [
        ("due to accepted", 500.0, ""),
        ("queued", 500.0, ""),
        ("due to e-mail", 1500.0, ""),
        ("running", 1000.0, ""),
        ("due to done", 2000.0, ""),
    ]
    rows.end(within_s=0)
    assert len(rows.fired) == 5


def test_a_task_that_began_before_its_answer_came_is_told_apart_all_the_same() -> None:
    rows = Rows(effects=False)
    rows.due("storm-00ab-0001", 1.0)
    rows.tell(1.1, type="probe", word="started")
    rows.tell(1.2, type="probe", word="succeeded")
    rows.clock.at = 1.5
    rows.accepted("storm-00ab-0001", "id")
    assert [(name, round(ms)) for name, ms, _ in rows.fired] == [
        ("queued", 100), ("running", 100), ("due to done", 200), ("due to accepted", 500),
    ]  # fmt: skip
    rows.end(within_s=0)
    assert len(rows.fired) == 4


def test_a_task_that_never_ends_is_a_failure_with_its_id() -> None:
    rows = Rows()
    started(rows)
    rows.clock.at = 5.0
    rows.end(within_s=0)
    assert rows.fired[-1] == ("due to done", 4000.0, "task id has not ended")


def test_of_what_was_submitted_twice_the_first_answer_counts() -> None:
    rows = Rows(effects=False)
    started(rows)
    rows.due("storm-00ab-0001", 1.0)
    rows.tell(2.0, type="probe", word="succeeded")
    rows.accepted("storm-00ab-0001", "id")
    rows.end(within_s=0)
    assert [name for name, _, _ in rows.fired] == ["due to accepted", "due to done"]


def test_what_was_refused_is_not_waited_for() -> None:
    rows = Rows()
    rows.due("storm-00ab-0001", 1.0)
    rows.clock.at = 2.0
    rows.refused("storm-00ab-0001", "HTTP 503")
    rows.end(within_s=0)
    assert rows.fired == [("due to accepted", 1000.0, "HTTP 503")]


@pytest.mark.parametrize("answers", [("accepted", "refused"), ("refused", "accepted")])
def test_what_was_submitted_twice_and_refused_once_is_followed(answers: tuple[str, str]) -> None:
    rows = Rows(effects=False)
    for _ in answers:
        rows.due("storm-00ab-0001", 1.0)
    for answer in answers:
        getattr(rows, answer)("storm-00ab-0001", "id or error")
    rows.tell(2.0, type="probe", word="succeeded")
    assert [(name, error) for name, _, error in rows.fired] == [("due to accepted", ""), ("due to done", "")]


def test_a_task_that_failed_is_a_failure() -> None:
    rows = Rows(effects=False)
    started(rows)
    rows.tell(2.0, type="probe", word="started")
    rows.tell(3.0, type="probe", word="failed")
    assert rows.fired[-1] == ("due to done", 2000.0, "failed")


@pytest.mark.parametrize(
    ("due", "injected", "healed", "done", "stormy"),
    [
        (1.0, 5.0, 6.0, 4.0, False),
        (1.0, 5.0, 6.0, 5.5, True),  # It was under way when the fault struck.
        (7.0, 5.0, 6.0, 8.0, True),  # The system may still recover.
        (17.0, 5.0, 6.0, 18.0, False),
        (7.0, 5.0, None, 8.0, True),  # Nobody has healed it yet.
    ],
)
def test_rows_of_a_storm_are_rows_of_their_own(
    due: float, injected: float, healed: float | None, done: float, stormy: bool
) -> None:
    rows = Rows(effects=False)
    events: list[tuple[float, dict[str, Any]]] = [(injected, {"type": "fault", "fault": "0", "stage": "injected"})]
    events += [] if healed is None else [(healed, {"type": "fault", "fault": "0", "stage": "healed"})]
    events.append((done, {"type": "probe", "word": "succeeded"}))
    rows.due("storm-00ab-0001", due)
    rows.clock.at = due
    for t, event in sorted(events, key=lambda line: line[0]):
        if t <= done:
            rows.tell(t, **event)
    assert rows.fired[-1][0] == ("due to done (in a storm)" if stormy else "due to done")


def test_a_submission_is_filled_in_as_it_is_described() -> None:
    submit = Submit.model_validate(
        {"path": "/{number}", "json": [{"name": "{key}", "n": "{number}"}], "headers": {"X": "{number}"}}
    )
    status = Status(path="/{task_id}")
    target = Target(url="", submit=submit, status=status, run="00ab", t0=0.0, effects=False, recovery_s=1.0)
    path, body, headers = target.submission("storm-00ab-0007")
    assert (path, body, headers["X"]) == ("/7", '[{"name": "storm-00ab-0007", "n": 7}]', "7")
