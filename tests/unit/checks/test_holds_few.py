"""Literal histories for `holds_few`."""

import pytest
from literals import Case, accepted, fault, history, sample
from stormproof.checks import HoldsFew

CASES = (
    Case(
        "as many as promised, and more only when a worker was killed",
        history(sample(1, unacked=2), fault(2, "injected"), sample(3, unacked=4)),
        avoids="hoarded",
    ),
    Case(
        "more at the moment of the first fault",
        history(sample(1, unacked=2), fault(2, "injected"), sample(2, unacked=4)),
        avoids="hoarded",
    ),
    Case(
        "the most of all is named",
        history(sample(1, unacked=8), sample(2, unacked=3, store="results")),
        {"hoarded": (0,)},
    ),
    Case(
        "tasks of the harness's own",
        history(accepted(1, -9000, purpose="state"), sample(1.5, unacked=8)),
        avoids="hoarded",
    ),
    Case("too many", history(sample(1, unacked=3), sample(2, unacked=8)), {"hoarded": (1,)}),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(HoldsFew(in_hand=2))
