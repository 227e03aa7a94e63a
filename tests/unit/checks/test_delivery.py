"""Literal histories for `delivery`."""

import pytest
from literals import Case, accepted, asked, fault, handed_back, history, probe, quiet, status, unquiet
from stormproof.checks import Delivery

AT_MOST_ONCE = (
    Case(
        "one execution is at most one",
        history(accepted(1), probe(2, "started"), probe(3, "succeeded"), quiet(4)),
        avoids="executed_twice",
    ),
    Case(
        "a retry that the task asked for is no second execution",
        history(accepted(1), probe(2, "started"), probe(2.1, "retried"), probe(2.5, "started"), probe(3, "succeeded")),
        avoids="executed_twice",
    ),
    Case(
        "an execution that the task ignored does not count",
        history(accepted(1), probe(2, "started"), probe(2.1, "succeeded"), probe(2.5, "started"), probe(3, "ignored")),
        avoids="executed_twice",
    ),
    Case(
        "a task that is redelivered is executed twice",
        history(accepted(1), probe(2, "started"), probe(3, "started", pid=12), probe(4, "succeeded", pid=12)),
        {"executed_twice": (2, 3)},
    ),
    Case(
        "a submission without an answer may be executed once and no more",
        history(asked(1, 1), probe(2, "started"), probe(3, "started"), probe(4, "succeeded")),
        {"executed_twice": (1, 2)},
    ),
    Case(
        "what the harness submits to hold a worker is no promise",
        history(
            accepted(0, 0, "b", "storm-00ab-9000", purpose="state"),
            probe(1, "started", "b", "storm-00ab-9000"),
            probe(2, "started", "b", "storm-00ab-9000"),
            accepted(3),
            probe(4, "started"),
        ),
        avoids="executed_twice",
    ),
)
AT_LEAST_ONCE = (
    Case(
        "a task that expired before anybody began it never ran",
        history(accepted(1), probe(9, "revoked", detail="expired"), quiet(10)),
        {"expired": (0, 1, 2)},
    ),
    Case(
        "a task that was begun, and expired before it was begun again",
        history(
            accepted(1), probe(2, "started"), fault(3, "injected"), probe(9, "revoked", detail="expired"), quiet(10)
        ),
        avoids="expired",
    ),
    Case(
        "a task that replaces itself begins twice by design",
        history(
            accepted(1),
            probe(2, "started"),
            probe(2.1, "ignored"),
            probe(2.2, "started", task="other"),
            probe(3, "succeeded", task="other"),
        ),
        avoids="repeated_in_calm",
    ),
    Case(
        "the task in the place of another may begin before that has ended",
        history(
            accepted(1),
            probe(2, "started"),
            probe(2.1, "started", pid=12, task="other"),
            probe(2.2, "ignored"),
            probe(3, "succeeded", pid=12, task="other"),
        ),
        avoids="repeated_in_calm",
    ),
    Case(
        "a task that rejects itself to be queued again, as it and its worker say",
        history(
            accepted(1),
            probe(2, "started"),
            probe(2.1, "rejected"),
            probe(2.15, "rejected", pid=10),
            probe(2.2, "started"),
            probe(3, "succeeded"),
        ),
        avoids="repeated_in_calm",
    ),
    Case(
        "a repetition that finds the work done, and is ignored, is a repetition",
        history(
            accepted(1),
            probe(2, "started"),
            probe(3, "started", pid=12),
            probe(3.1, "ignored", pid=12),
            probe(4, "succeeded"),
        ),
        {"repeated_in_calm": (2, 3)},
    ),
    Case(
        "what the harness handed back is begun again by its doing",
        history(accepted(1), probe(2, "started"), handed_back(3), probe(4, "started"), probe(5, "succeeded")),
        avoids="repeated_in_calm",
    ),
    Case(
        "one that was handed back once and begun twice more",
        history(
            accepted(1),
            probe(2, "started"),
            handed_back(3),
            probe(4, "started"),
            probe(5, "started"),
            probe(6, "succeeded"),
        ),
        {"repeated_in_calm": (2, 4, 5)},
    ),
    Case(
        "a task that was handed back before anybody had begun it",
        history(accepted(1), handed_back(2), probe(3, "started"), probe(4, "started"), probe(5, "succeeded")),
        {"repeated_in_calm": (3, 4)},
    ),
    Case(
        "as many starts as are promised, and one that the harness made",
        history(
            fault(0, "injected"),
            accepted(1),
            probe(2, "started"),
            handed_back(2.5),
            *(probe(t, "started") for t in (3, 4, 5)),
            probe(6, "succeeded"),
        ),
        avoids="executed_too_often",
    ),
    Case(
        "two executions are at least one",
        history(fault(0, "injected"), accepted(1), probe(2, "started"), probe(3, "started"), quiet(4)),
        avoids="never_executed",
    ),
    Case(
        "a task that was revoked before it began needs no execution",
        history(accepted(1), probe(2, "revoked"), quiet(4)),
        avoids="never_executed",
    ),
    Case(
        "a task with an outcome needs no execution that the probe has seen",
        history(accepted(1), status(2, 2, "SUCCESS"), quiet(4)),
        avoids="never_executed",
    ),
    Case(
        "a task that was only received is not executed",
        history(accepted(1), probe(2, "received"), quiet(4)),
        {"never_executed": (0, 1, 3)},
    ),
    Case(
        "a task that was accepted at the moment of the proof will not be executed",
        history(accepted(1), quiet(1.1)),
        {"never_executed": (0, 1, 2)},
    ),
    Case(
        "without a proof it may still be executed",
        history(accepted(1), unquiet(4)),
        {"unsettled": (0, 1)},
        unknown=True,
    ),
    Case("an execution needs no proof", history(accepted(1), probe(2, "started"), unquiet(4)), avoids="unsettled"),
    Case(
        "a task that was retried runs again, and one that was redelivered after a fault",
        history(
            accepted(1),
            probe(2, "started"),
            probe(2.1, "retried"),
            probe(2.5, "started"),
            fault(3, "injected"),
            probe(4, "started"),
            probe(5, "succeeded"),
        ),
        avoids="repeated_in_calm",
    ),
    Case(
        "a task that is begun again at the moment of the fault",
        history(accepted(1), probe(2, "started"), fault(3, "injected"), probe(3, "started"), probe(5, "succeeded")),
        avoids="repeated_in_calm",
    ),
    Case(
        "a task that is begun again in calm weather",
        history(accepted(1), probe(2, "started"), probe(3, "started", pid=12), probe(4, "succeeded")),
        {"repeated_in_calm": (2, 3)},
    ),
    Case(
        "as many starts as are promised",
        history(fault(0, "injected"), accepted(1), *(probe(t, "started") for t in (2, 3, 4)), probe(5, "succeeded")),
        avoids="executed_too_often",
    ),
    Case(
        "more starts than are promised",
        history(fault(0, "injected"), accepted(1), *(probe(t, "started") for t in (2, 3, 4, 5)), probe(6, "succeeded")),
        {"executed_too_often": (3, 4, 5, 6)},
    ),
)
CASES = AT_MOST_ONCE + AT_LEAST_ONCE


@pytest.mark.parametrize("case", AT_MOST_ONCE, ids=str)
def test_at_most_once_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(Delivery(promise="at_most_once"))


@pytest.mark.parametrize("case", AT_LEAST_ONCE, ids=str)
def test_at_least_once_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(Delivery(promise="at_least_once", executions=3))


EXPIRED = history(accepted(1), probe(9, "revoked", detail="expired"), quiet(10))


@pytest.mark.parametrize(
    "check", [Delivery(promise="at_least_once", may_expire=True), Delivery(promise="at_most_once")], ids=str
)
def test_where_work_need_not_run_it_is_still_said_that_it_expired(check: Delivery) -> None:
    (finding,) = check(EXPIRED).findings if check.promise == "at_least_once" else check(EXPIRED).findings[1:]
    assert (finding.kind, finding.is_remark) == ("expired", True)
    assert finding.message.endswith("accepted, and never ran: it expired before a worker began it, as told at 9.0 s")


def test_an_expiry_names_the_promise_that_would_allow_it() -> None:
    (finding,) = Delivery(promise="at_least_once")(EXPIRED).findings
    assert finding.message.endswith("; if work may expire, say so: promises.may_expire = true")


def test_a_second_execution_after_a_fast_forward_says_so() -> None:
    again = history(accepted(1), probe(2, "started"), handed_back(3), probe(4, "started"))
    (finding,) = Delivery(promise="at_most_once")(again).findings
    assert finding.kind == "executed_twice"
    assert finding.message.endswith("; the visibility timeout was fast-forwarded at 3.0 s")
