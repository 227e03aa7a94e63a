"""Literal histories for `acknowledges_late`."""

import pytest
from literals import Case, accepted, history, probe, settings, unquiet, wire
from msgspec.structs import replace
from stormproof.checks import AcknowledgesLate

TAKEN = wire(1.2, "HSET", "tag", "a")
LOST = {"pid": 10, "detail": "WorkerLostError('Worker exited prematurely: signal 9 (SIGKILL)')"}

CASES = (
    Case(
        "acknowledged after the last word of any probe, in a run that stopped while tasks were executed",
        history(
            accepted(1),
            wire(1.1, "HSET", "tag0", "b"),
            accepted(1, 2, "b"),
            probe(1.2, "started", "b"),
            probe(1.3, "succeeded", "b"),
            wire(1.35, "HDEL", "tag0"),
            TAKEN,
            probe(1.5, "started"),
            wire(1.6, "HDEL", "tag"),
            unquiet(1.7),
        ),
        avoids="acknowledged_early",
    ),
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
            wire(1.5, "RPUSH", "a", "tag"),
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
        "acknowledged when it began, by a worker whose keys have a prefix",
        history(
            settings(0.9, prefix="shop:"),
            accepted(1),
            replace(TAKEN, key="shop:unacked"),
            probe(1.3, "started"),
            replace(wire(1.31, "HDEL", "tag"), key="shop:unacked"),
        ),
        {"acknowledged_early": (4, 5)},
    ),
    Case(
        "acknowledged when it began, by a worker that keeps its messages under another key",
        history(
            settings(0.9, unacked_key="in_hand"),
            accepted(1),
            replace(TAKEN, key="in_hand"),
            probe(1.3, "started"),
            replace(wire(1.31, "HDEL", "tag"), key="in_hand"),
        ),
        {"acknowledged_early": (4, 5)},
    ),
    Case(
        "acknowledged because its process had died",
        history(accepted(1), TAKEN, probe(1.3, "started"), probe(1.4, "failed", **LOST), wire(1.5, "HDEL", "tag")),
        {"acknowledged_dead": (4, 5)},
    ),
    Case(
        "acknowledged because its process had died, when another message of the task was done",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            wire(1.4, "HSET", "tag2", "a"),
            probe(1.5, "started", pid=12),
            probe(1.6, "succeeded", pid=12),
            wire(1.7, "HDEL", "tag2"),
            probe(1.8, "failed", **LOST),
            wire(1.9, "HDEL", "tag"),
        ),
        {"acknowledged_dead": (8, 9)},
    ),
    Case(
        "acknowledged because its second process had died, when the first had done it",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            probe(1.4, "succeeded"),
            wire(1.5, "HDEL", "tag"),
            wire(1.6, "HSET", "tag2", "a"),
            probe(1.7, "started", pid=12),
            probe(1.8, "failed", **LOST),
            wire(1.9, "HDEL", "tag2"),
        ),
        {"acknowledged_dead": (8, 9)},
    ),
    Case(
        "done by the third process, when two had died of it",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            wire(1.4, "HSET", "tag2", "a"),
            probe(1.5, "started", pid=12),
            probe(1.6, "failed", **LOST),
            wire(1.7, "HSET", "tag3", "a"),
            probe(1.8, "started", pid=13),
            probe(1.9, "succeeded", pid=13),
            wire(2.0, "HDEL", "tag3"),
        ),
        avoids="acknowledged_dead",
    ),
    Case(
        "revoked before it was begun again, when its process had died",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            probe(1.4, "failed", **LOST),
            wire(1.5, "HSET", "tag2", "a"),
            probe(1.6, "revoked", pid=10),
            wire(1.7, "HDEL", "tag2"),
        ),
        avoids="acknowledged_dead",
    ),
    Case(
        "done by the second of two workers, when a process of the first had died of it",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            replace(wire(1.4, "HSET", "tag2", "a"), link="worker-2"),
            probe(1.5, "failed", **LOST),
            replace(probe(1.6, "started", pid=22), component="worker-2", parent=20),
            replace(probe(1.7, "succeeded", pid=22), component="worker-2", parent=20),
            replace(wire(1.8, "HDEL", "tag2"), link="worker-2"),
        ),
        avoids="acknowledged_dead",
    ),
    Case(
        "what is not about a message's tag is passed over",
        history(
            accepted(1),
            TAKEN,
            wire(1.25, "HSET", "tag"),
            wire(1.25, "HDEL"),
            wire(1.25, "HDEL", "unknown"),
            probe(1.3, "started"),
            probe(1.4, "succeeded"),
            wire(1.5, "HDEL", "tag"),
        ),
        avoids="acknowledged_early",
    ),
    Case(
        "a reply, and a frame of another meaning, acknowledge nothing",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            replace(wire(1.31, "HDEL", "tag"), direction="reply"),
            replace(wire(1.32, "HDEL", "tag"), meaning="other"),
            probe(1.4, "succeeded"),
            wire(1.5, "HDEL", "tag"),
        ),
        avoids="acknowledged_early",
    ),
    Case(
        "two tags in one command",
        history(accepted(1), TAKEN, probe(1.3, "started"), wire(1.35, "HDEL", "tag", "b"), probe(1.4, "succeeded")),
        {"acknowledged_early": (3, 4)},
    ),
    Case(
        "acknowledged at the moment in which it ended",
        history(accepted(1), TAKEN, probe(1.3, "started"), probe(1.5, "succeeded"), wire(1.5, "HDEL", "tag")),
        avoids="acknowledged_early",
    ),
    Case(
        "acknowledged in its second execution, received and started again",
        history(
            accepted(1),
            TAKEN,
            probe(1.25, "received"),
            probe(1.3, "started"),
            wire(1.31, "HDEL", "tag"),
            probe(1.5, "started", pid=12),
        ),
        {"acknowledged_early": (4, 5)},
    ),
    Case(
        "acknowledged before it was even started",
        history(accepted(1), TAKEN, wire(1.25, "HDEL", "tag"), probe(1.3, "started"), probe(1.4, "started", pid=12)),
        {"acknowledged_early": (4, 3)},
    ),
    Case(
        "a failure of the task's own",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            probe(1.4, "failed", pid=10, detail="ValueError()"),
            wire(1.5, "HDEL", "tag"),
        ),
        avoids="acknowledged_dead",
    ),
    Case(
        "the words of a dead process, told by a live one",
        history(
            accepted(1),
            TAKEN,
            probe(1.3, "started"),
            probe(1.4, "failed", detail=LOST["detail"]),
            wire(1.5, "HDEL", "tag"),
        ),
        avoids="acknowledged_dead",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(AcknowledgesLate())
