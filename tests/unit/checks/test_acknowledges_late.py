"""Literal histories for `acknowledges_late`."""

import pytest
from literals import Case, accepted, history, probe, wire
from stormproof.checks import AcknowledgesLate

TAKEN = wire(1.2, "HSET", "tag", "a")
LOST = {"pid": 10, "detail": "WorkerLostError('Worker exited prematurely: signal 9 (SIGKILL)')"}

CASES = (
    Case(
        "acknowledged when it had ended",
        history(accepted(1), TAKEN, probe(1.3, "started"), probe(1.4, "succeeded"), wire(1.5, "HDEL", "tag")),
        avoids="acknowledged_early",
    ),
    Case(
        "given back when its process had died",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            wire(1.5, "HGET", "tag"),
            wire(1.5, "HDEL", "tag"),
            wire(1.6, "HSET", "tag2", "a"),
            probe(1.7, "started", pid=12),
            probe(1.8, "succeeded", pid=12),
            wire(1.9, "HDEL", "tag2"),
        ),
        avoids="acknowledged_dead",
    ),
    Case(
        "acknowledged when it began",
        history(accepted(1), TAKEN, probe(1.3, "started"), wire(1.31, "HDEL", "tag"), probe(1.4, "succeeded")),
        {"acknowledged_early": (3, 4)},
    ),
    Case(
        "acknowledged because its process had died",
        history(accepted(1), TAKEN, probe(1.3, "started"), probe(1.4, "failed", **LOST), wire(1.5, "HDEL", "tag")),
        {"acknowledged_dead": (4, 5)},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(AcknowledgesLate())
