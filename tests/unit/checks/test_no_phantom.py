"""Literal histories for `no_phantom`."""

import pytest
from literals import KEY, OTHER, Case, accepted, asked, history, probe, refused
from stormproof.checks import NoPhantom
from stormproof.history import Returned

CASES = (
    Case(
        "what was submitted may run",
        history(accepted(1), probe(2, "started"), probe(2.5, "started", "b", "", task="system.tidy_up")),
        avoids="phantom",
    ),
    Case(
        "a submission that nobody answered may run under any id",
        history(asked(1, 1), probe(2, "started", "b")),
        avoids="phantom",
    ),
    Case(
        "what the harness itself submits may run",
        history(accepted(1, -9000, purpose="state"), probe(2, "started")),
        avoids="phantom",
    ),
    Case(
        "a key that nobody submitted must not run",
        history(accepted(1), probe(2, "started", "b", OTHER)),
        {"phantom": (2,)},
    ),
    Case(
        "a submitted task of unknown id and without a key must not run",
        history(accepted(1), probe(2, "started"), probe(3, "started", "b", ""), probe(4, "started", "b", "")),
        {"phantom": (3, 4)},
    ),
    Case(
        "a submission that certainly failed must not run",
        history(refused(1), probe(2, "started", "b")),
        {"ran_after_fail": (0, 1, 2)},
    ),
    Case(
        "a submission that certainly failed must not run under the id that it names",
        history(asked(1, 1), Returned(t=1.1, op=1, outcome="fail", http_status=503, task_id="a"), probe(2, "started")),
        {"ran_after_fail": (0, 1, 2)},
    ),
    Case(
        "no copy may run where all have failed",
        history(refused(1), refused(1, 2), probe(2, "started", "b")),
        {"ran_after_fail": (0, 1, 2, 3, 4)},
    ),
    Case(
        "a submission that failed may run where a second one was taken",
        history(refused(1), accepted(2, 2), probe(3, "started")),
        avoids="ran_after_fail",
    ),
    Case(
        "a submission that failed may run where nobody knows what became of a second one",
        history(refused(1), asked(2, 2, KEY), probe(3, "started", "b")),
        avoids="ran_after_fail",
    ),
)

CHECK = NoPhantom()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)
