"""Literal histories for `stores_keep`."""

import pytest
from literals import Case, fault, history, process, sample
from stormproof.checks import StoresKeep

GONE = process(2, "redis.broker", "exited", expected=True)

CASES = (
    Case(
        "back with what it had",
        history(sample(1, all_keys=3), GONE, sample(3, all_keys=3)),
        avoids="forgot",
    ),
    Case(
        "wiped by the harness",
        history(sample(1, all_keys=3), GONE, process(2.5, "redis.broker", "wiped"), sample(3)),
        avoids="forgot",
    ),
    Case(
        "made to evict",
        history(sample(1, all_keys=3), fault(2, "injected", target="redis"), sample(3, all_keys=3, evicted=2)),
        avoids="evicts",
    ),
    Case("never looked at again", history(sample(1, all_keys=3), GONE), avoids="forgot"),
    Case(
        "killed twice, and the first time it kept all",
        history(
            sample(1, all_keys=3),
            process(1.5, "redis.broker", "started"),
            GONE,
            sample(3, all_keys=3),
            process(4, "redis.broker", "exited", expected=True),
            sample(5),
        ),
        {"forgot": (3, 4, 5)},
    ),
    Case("made to evict at once", history(fault(2, "injected", target="redis"), sample(2, evicted=2)), avoids="evicts"),
    Case("back with nothing", history(sample(1, all_keys=3), GONE, sample(3)), {"forgot": (0, 1, 2)}),
    Case("throws out by itself", history(sample(1, evicted=2), fault(2, "injected")), {"evicts": (0,)}),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(StoresKeep(durable=("broker",)))
