"""Literal histories for `legal_states`."""

import pytest
from literals import Case, accepted, broken, history, look, probe, said, status
from stormproof.checks import LegalStates

CASES = (
    Case(
        "a status goes forward and stays at its end",
        history(
            status(1, 1, "PENDING"),
            status(2, 2, "STARTED"),
            status(3, 3, "RETRY"),
            status(4, 4, "STARTED"),
            status(5, 5, "SUCCESS"),
            status(6, 6, "SUCCESS"),
        ),
        avoids="left_terminal",
    ),
    Case(
        "an answer that was under way when the end was read may be older",
        history(look(1, 1), look(1.1, 2), said(1.2, 2, "SUCCESS"), said(2, 1, "PENDING")),
        avoids="left_terminal",
    ),
    Case(
        "an error is no state",
        history(status(1, 1, "SUCCESS"), broken(2, 2), status(3, 3, "SUCCESS")),
        avoids="left_terminal",
    ),
    Case(
        "tasks have states of their own",
        history(status(1, 1, "SUCCESS"), status(2, 2, "PENDING", task_id="b")),
        avoids="left_terminal",
    ),
    Case(
        "a failure must not become a success",
        history(status(1, 1, "FAILURE"), status(2, 2, "SUCCESS"), status(3, 3, "SUCCESS")),
        {"left_terminal": (1, 2, 3)},
    ),
    Case(
        "a result must not be forgotten",
        history(status(1, 1, "PENDING"), status(2, 2, "SUCCESS"), status(3, 3, "PENDING")),
        {"left_terminal": (3, 4, 5)},
    ),
    Case(
        "a task that has begun must not be pending again",
        history(status(1, 1, "STARTED"), status(2, 2, "PENDING"), status(3, 3, "PENDING")),
        {"went_backwards": (1, 2, 3)},
    ),
    Case(
        "pending is what the status may say while the task runs",
        history(accepted(0.5, 9), probe(0.8, "started"), status(1, 1, "PENDING"), status(2, 2, "STARTED")),
        avoids="went_backwards",
    ),
    Case(
        "an answer that was under way when the start was read may be older",
        history(look(1, 1), status(1.1, 2, "STARTED"), said(2, 1, "PENDING")),
        avoids="went_backwards",
    ),
    Case(
        "both at once",
        history(status(1, 1, "STARTED"), status(2, 2, "PENDING"), status(3, 3, "SUCCESS"), status(4, 4, "PENDING")),
        {"went_backwards": (1, 2, 3), "left_terminal": (5, 6, 7)},
    ),
)

CHECK = LegalStates(pending=("PENDING",), success=("SUCCESS",), failure=("FAILURE", "REVOKED"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)
