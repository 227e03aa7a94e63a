"""Literal histories for `fault_happened`."""

import pytest
from literals import Case, accepted, fault, history
from stormproof.checks import FaultHappened
from stormproof.checks.verdict import Finding, Status, Verdict

CASES = (
    Case(
        "both faults bit, one of them late",
        history(
            fault(1, "injected"),
            fault(1.1, "bit"),
            fault(2, "injected", "1.0", "pause"),
            fault(3, "healed", "1.0", "pause"),
            fault(3.1, "bit", "1.0", "pause"),
        ),
        avoids="did_not_bite",
    ),
    Case(
        "a fault that was injected, and another one that was not planned",
        history(
            fault(1, "injected"),
            fault(1.1, "bit"),
            fault(1.2, "injected", "1.0", "pause"),
            fault(1.3, "bit", "1.0", "pause"),
            fault(2, "injected", "2.0", "evict"),
        ),
        avoids="not_injected",
    ),
    Case(
        "a fault that could be done",
        history(
            fault(1, "injected"),
            fault(1.1, "bit"),
            fault(1.2, "injected", "1.0", "pause"),
            fault(1.3, "bit", "1.0", "pause"),
        ),
        avoids="failed",
    ),
    Case(
        "a fault that never came",
        history(fault(1, "injected"), fault(1.1, "bit")),
        {"not_injected": ()},
        unknown=True,
    ),
    Case(
        "a fault that waited in vain",
        history(
            fault(1, "injected"), fault(1.1, "bit"), fault(31, "failed", "1", "pause", detail="no task started in 30 s")
        ),
        {"not_injected": (2,)},
        unknown=True,
    ),
    Case(
        "a fault that could not be done",
        history(
            fault(1, "injected"),
            fault(1.1, "failed"),
            fault(2, "injected", "1.0", "pause"),
            fault(2.1, "bit", "1.0", "pause"),
        ),
        {"failed": (0, 1)},
        unknown=True,
    ),
    Case(
        "a fault that did not bite",
        history(
            fault(1, "injected"),
            fault(2, "healed"),
            fault(2, "injected", "1.0", "pause"),
            fault(2.1, "bit", "1.0", "pause"),
        ),
        {"did_not_bite": (0, 1)},
        unknown=True,
    ),
)

CHECK = FaultHappened(planned=("kill", "pause"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_a_calm_run_has_nothing_to_prove() -> None:
    calm = Verdict(check="fault_happened", status=Status.VALID, observed=1)
    assert FaultHappened(planned=())(history()) == calm


def test_each_of_two_planned_kills_must_be_injected() -> None:
    twice = FaultHappened(planned=("kill", "kill"))
    repeated = history(fault(1, "injected"), fault(1, "bit"), fault(2, "injected", "0.1"), fault(2, "bit", "0.1"))
    both = history(fault(1, "injected"), fault(1, "bit"), fault(2, "injected", "1.0"), fault(2, "bit", "1.0"))
    assert [finding.kind for finding in twice(repeated).findings] == ["not_injected"]
    assert twice(both).status is Status.VALID
    assert twice(repeated).findings[0].message == "kill: planned 2 times, injected 1 times"


def test_a_fault_that_waited_in_vain_says_for_what() -> None:
    waited = fault(31, "failed", "0", detail="no task of the workload started within 30 s; see the worker's log")
    (finding,) = FaultHappened(planned=("kill",))(history(waited)).findings
    assert (
        finding.message
        == "kill on worker: not injected: no task of the workload started within 30 s; see the worker's log"
    )


def test_a_fault_without_a_target_is_one_on_the_system() -> None:
    (finding,) = FaultHappened(planned=("kill",))(history(fault(1, "injected", target=""))).findings
    assert finding.message == "kill on the system at 1.0 s: nothing shows that it had its effect"


@pytest.mark.parametrize("sent", [0, 1])
def test_a_submission_that_was_to_be_sent_twice_and_was_not_is_unknown(sent: int) -> None:
    message = f"each submission was to be sent 2 times; none was sent more often than {sent} times"
    few = Finding(kind="not_injected", message=message, status=Status.UNKNOWN)
    verdict = FaultHappened(planned=(), copies=2)(history(*[accepted(1, 1)] * sent))
    assert verdict == Verdict(check="fault_happened", status=Status.UNKNOWN, findings=(few,), observed=0)


def test_a_submission_that_was_sent_as_often_as_planned_is_valid() -> None:
    assert FaultHappened(planned=(), copies=2)(history(accepted(1, 1), accepted(1, 2))).status is Status.VALID


def test_injections_that_come_once_need_no_second_number() -> None:
    once = history(fault(1, "injected", "0"), fault(1, "bit", "0"), fault(2, "injected", "1"), fault(2, "bit", "1"))
    assert FaultHappened(planned=("kill", "kill"))(once).status is Status.VALID
