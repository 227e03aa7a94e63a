"""Literal histories for `stays_up`."""

import pytest
from literals import Case, fault, history, process
from stormproof.checks import StaysUp

CASES = (
    Case(
        "a worker that is killed, and one that dies in the storm",
        history(
            process(0, "worker", "started"),
            process(1, "worker", "exited", expected=True),
            fault(2, "injected"),
            process(3, "worker", "exited", code=70),
        ),
        avoids="died_in_calm",
    ),
    Case(
        "a worker that ends as the storm begins",
        history(process(0, "worker", "ready"), fault(2, "injected"), process(2, "worker", "exited", code=70)),
        avoids="died_in_calm",
    ),
    Case(
        "a worker that ends itself",
        history(process(0, "worker", "started"), process(1, "worker", "exited", code=70), fault(2, "injected")),
        {"died_in_calm": (1,)},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(StaysUp())
