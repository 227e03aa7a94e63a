"""Literal histories for `counts_agree`."""

from typing import Any

import pytest
from literals import KEY, OTHER, Case, accepted, asked, history, quiet, refused, status, unquiet
from stormproof.checks import CountsAgree
from stormproof.history import Counts, History, Returned


def counts(t: float, success: float = 0, failure: float = 0, **more: Any) -> Counts:
    return Counts(t=t, success=success, failure=failure, **more)


def run(*parts: Any, end: Any = None) -> History:
    """One task has succeeded and one has failed; the metrics had counted 5 and 3 before."""
    outcomes = (
        accepted(1),
        accepted(2, 2, "b", OTHER),
        status(4, 3, "SUCCESS"),
        status(5, 4, "FAILURE", task_id="b", key=OTHER),
    )
    return history(counts(0, 5, 3), *outcomes, end or quiet(6), *parts)


CASES = (
    Case("what is counted is what happened", run(counts(7, 6, 4)), avoids="miscounted"),
    Case("a success that was counted twice", run(counts(7, 7, 4)), {"miscounted": (0, 10)}),
    Case("a failure that was not counted", run(counts(7, 6, 3)), {"miscounted": (0, 10)}),
    Case(
        "what was refused for certain is not counted",
        history(counts(0), refused(1), accepted(2), status(3, 3, "SUCCESS"), quiet(4), counts(5, 1)),
        avoids="miscounted",
    ),
    Case(
        "a lost answer may have been a success or a failure",
        history(
            counts(0),
            asked(1, 1, OTHER),
            Returned(t=1.1, op=1, outcome="info"),
            accepted(2, 2),
            status(3, 3, "SUCCESS"),
            quiet(4),
            counts(5, 1, 1),
        ),
        avoids="miscounted",
    ),
    Case(
        "a task without an outcome may have any",
        history(counts(0), accepted(1), status(3, 3, "STARTED"), quiet(4), counts(5, 1)),
        avoids="miscounted",
    ),
    Case("where things may change, nothing is compared", run(counts(7, 9, 9), end=unquiet(6)), avoids="miscounted"),
    Case("one look is no comparison", history(accepted(1), quiet(4), counts(5, 9, 9)), avoids="miscounted"),
    Case("what was read can be compared", run(counts(7, 6, 4)), avoids="counts_unread"),
    Case(
        "what could not be read is told",
        run(counts(7, error="/metrics: HTTP 500")),
        {"counts_unread": (0, 10)},
        unknown=True,
    ),
)

CHECK = CountsAgree()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_the_messages_say_what_was_counted_and_what_there_was() -> None:
    [finding] = CHECK(run(counts(7, 7, 4))).findings
    assert finding.message == "the metrics count 2 times success since the start; 1 submissions read so"
    lost = (asked(6.1, 9, KEY), Returned(t=6.2, op=9, outcome="info"))
    [finding] = CHECK(run(*lost, counts(7, 8, 4))).findings
    assert finding.message.endswith("3 times success since the start; 1 submissions read so, and 1 may have")
