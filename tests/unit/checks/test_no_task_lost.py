"""Literal histories for `no_task_lost`."""

import pytest
from literals import Case, accepted, asked, handed_back, history, look, probe, process, quiet, refused, status, unquiet
from stormproof.checks import NoTaskLost
from stormproof.history import Returned

CASES = (
    Case(
        "a task that its probe saw succeed is not lost",
        history(accepted(1), probe(2, "started"), probe(3, "succeeded"), quiet(4)),
        avoids="lost",
    ),
    Case(
        "what a probe tells of no task is passed over",
        history(accepted(1), probe(1.5, "ready", "", ""), probe(2, "started"), probe(3, "succeeded"), quiet(4)),
        avoids="lost",
    ),
    Case(
        "a task whose status is terminal is not lost, though no probe saw it",
        history(accepted(1), status(2, 2, "FAILURE"), quiet(4)),
        avoids="lost",
    ),
    Case(
        "a refused submission is no promise",
        history(accepted(1), probe(2, "revoked"), refused(3, 2), quiet(4)),
        avoids="lost",
    ),
    Case(
        "what the harness submits to hold a worker is no promise",
        history(accepted(1), probe(2, "failed"), accepted(3, 2, "b", purpose="state"), quiet(4)),
        avoids="lost",
    ),
    Case(
        "an answer that nobody can make sense of is no acknowledgement, though it names a task",
        history(
            accepted(1), probe(2, "failed"), asked(3, 2), Returned(t=3.1, op=2, outcome="info", task_id="b"), quiet(4)
        ),
        avoids="lost",
    ),
    Case(
        "a status that is not terminal is no end",
        history(accepted(1), status(2, 2, "STARTED"), look(3, 3), quiet(4)),
        {"lost": (0, 1, 5)},
    ),
    Case("a task that no worker received is lost", history(accepted(1), quiet(4)), {"lost": (0, 1, 2)}),
    Case(
        "a recovery task is as much a promise",
        history(accepted(1, purpose="recovery"), quiet(4)),
        {"lost": (0, 1, 2)},
    ),
    Case(
        "a task whose worker died is lost",
        history(
            accepted(1),
            probe(2, "received", pid=10),
            probe(2.1, "started"),
            process(2.2, "worker", "exited", code=-9),
            quiet(4),
        ),
        {"lost": (0, 1, 3, 4, 5)},
    ),
    Case(
        "a task that waits for a retry when nothing is left is lost",
        history(accepted(1), probe(2, "started"), probe(2.5, "retried"), quiet(4)),
        {"lost": (0, 1, 3, 4)},
    ),
    Case("a task is stuck where messages are queued", history(accepted(1), quiet(4, queued=1)), {"stuck": (0, 1, 2)}),
    Case(
        "a task is stuck where one is unacknowledged", history(accepted(1), quiet(4, unacked=1)), {"stuck": (0, 1, 2)}
    ),
    Case(
        "a task is stuck where the system holds it back",
        history(accepted(1), quiet(4, backlog=1)),
        {"stuck": (0, 1, 2)},
    ),
    Case(
        "a task that has ended is not stuck, though messages are left",
        history(accepted(1), probe(2, "started"), probe(3, "succeeded"), quiet(4, unacked=1)),
        avoids="stuck",
    ),
    Case("without quiescence nobody knows", history(accepted(1)), {"unsettled": (0, 1)}, unknown=True),
    Case("without a proof nobody knows", history(accepted(1), unquiet(4)), {"unsettled": (0, 1, 2)}, unknown=True),
    Case(
        "a submission that is accepted after quiescence was proved is not covered by the proof",
        history(quiet(0.5), accepted(1)),
        {"unsettled": (1, 2, 0)},
        unknown=True,
    ),
    Case(
        "a submission that is accepted at the moment of the proof is covered by it",
        history(accepted(1), quiet(1.1)),
        {"lost": (0, 1, 2)},
    ),
    Case(
        "a process that died at the moment in which the task was seen last",
        history(accepted(1), probe(2, "started"), process(2, "worker", "exited", code=-9), quiet(4)),
        {"lost": (0, 1, 2, 3, 4)},
    ),
    Case(
        "a task that was handed back after its worker had died would have waited, which is a remark",
        history(accepted(1), probe(2, "started"), handed_back(3), handed_back(4), probe(5, "succeeded"), quiet(6)),
        {"stranded": (0, 1, 3)},
        remark=True,
    ),
    Case(
        "a message of another task that was handed back",
        history(accepted(1), handed_back(3, "b"), probe(5, "succeeded"), quiet(6)),
        avoids="stranded",
    ),
    Case("an end needs no quiescence", history(accepted(1), probe(2, "rejected")), avoids="unsettled"),
)

CHECK = NoTaskLost()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_the_message_says_where_the_task_was_seen_last() -> None:
    dead = history(accepted(1), probe(2, "started"), process(2.2, "worker", "exited", code=-9), quiet(4))
    never = history(accepted(1), quiet(4))
    assert "started by process 11 of worker at 2.0 s, whose process 10 exited (-9)" in CHECK(dead).findings[0].message
    assert "no worker ever received it" in CHECK(never).findings[0].message


def test_the_message_says_what_is_missing_for_a_proof() -> None:
    assert "not proved quiescent: not quiet within 45 s" in CHECK(history(accepted(1), unquiet(4))).findings[0].message
    assert "accepted after the proof of 0.5 s" in CHECK(history(quiet(0.5), accepted(1))).findings[0].message


@pytest.mark.parametrize(
    ("waited_s", "said"),
    [
        (3600, "waited for the visibility timeout of 3600 s, which was fast-forwarded at 3.0 s"),
        (0, "waited for the visibility timeout, which was fast-forwarded at 3.0 s"),
    ],
)
def test_a_remark_says_how_long_a_task_would_have_waited(waited_s: float, said: str) -> None:
    stranded = history(accepted(1), handed_back(3, waited_s=waited_s), probe(5, "succeeded"), quiet(6))
    assert [finding.message for finding in CHECK(stranded).findings] == [f"storm-00ab-0001 (task a): {said}"]
