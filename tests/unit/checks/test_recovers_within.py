"""Literal histories for `recovers_within`."""

import pytest
from literals import OTHER, Case, accepted, fault, history, phase, probe, refused, status
from stormproof.checks import RecoversWithin
from stormproof.history import AnyEvent, Invoked, Quiescence, Returned

INJECTED, HEALED = fault(1, "injected"), fault(2, "healed")


def refused_recovery(t: float, op: int) -> tuple[AnyEvent, ...]:
    return (
        Invoked(t=t, op=op, kind="submit", key=OTHER, purpose="recovery"),
        Returned(t=t + 0.1, op=op, outcome="info", http_status=503, retry_after=True),
    )


CASES = (
    Case(
        "a new task that ends in time",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), probe(5, "succeeded"), phase(60, "stop")),
        avoids="slow_recovery",
    ),
    Case(
        "a new task that the system says has ended",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), status(10, 2, "SUCCESS")),
        avoids="slow_recovery",
    ),
    Case(
        "the first end of several counts",
        history(
            INJECTED,
            HEALED,
            refused_recovery(3, 1),
            accepted(4, 2, "b", purpose="recovery"),
            probe(11, "succeeded", "b"),
            phase(60, "stop"),
        ),
        avoids="no_recovery",
    ),
    Case(
        "a status that is read again later is no matter",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), probe(5, "succeeded"), status(20, 2, "SUCCESS")),
        avoids="slow_recovery",
    ),
    Case(
        "a new task that was submitted late ends at once",
        history(INJECTED, HEALED, accepted(30, purpose="recovery"), probe(31, "succeeded")),
        avoids="slow_recovery",
    ),
    Case(
        "a new task that was submitted late ends late",
        history(INJECTED, HEALED, accepted(30, purpose="recovery"), probe(45, "succeeded")),
        {"slow_recovery": (1, 2, 4)},
    ),
    Case(
        "a new task that ends late",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), probe(15, "succeeded")),
        {"slow_recovery": (1, 2, 4)},
    ),
    Case(
        "a task that a process has in hand long after the heal",
        history(
            accepted(0.5, 9, "b"),
            probe(0.8, "started", "b"),
            INJECTED,
            HEALED,
            accepted(3, purpose="recovery"),
            probe(5, "succeeded"),
            Quiescence(t=40, proved=False, executing=1, in_hand=("b",)),
        ),
        {"hung": (2, 4, 8)},
    ),
    Case(
        "a task that a process has in hand as the time ends",
        history(
            accepted(0.5, 9, "b"),
            probe(0.8, "started", "b"),
            INJECTED,
            HEALED,
            accepted(3, purpose="recovery"),
            probe(5, "succeeded"),
            Quiescence(t=12, proved=False, executing=1, in_hand=("b",)),
        ),
        avoids="hung",
    ),
    Case(
        "a task that no live process has in hand any more",
        history(
            accepted(0.5, 9, "b"),
            probe(0.8, "started", "b"),
            INJECTED,
            HEALED,
            accepted(3, purpose="recovery"),
            probe(5, "succeeded"),
            Quiescence(t=40, proved=False, queued=1),
        ),
        avoids="hung",
    ),
    Case(
        "a task that was begun at the moment of the heal",
        history(
            accepted(0.5, 9, "b"),
            INJECTED,
            HEALED,
            probe(2, "started", "b"),
            accepted(3, purpose="recovery"),
            probe(5, "succeeded"),
            Quiescence(t=40, proved=False, executing=1, in_hand=("b",)),
        ),
        avoids="hung",
    ),
    Case(
        "a task that was begun after the heal may last",
        history(
            accepted(0.5, 9, "b"),
            INJECTED,
            HEALED,
            probe(2.5, "started", "b"),
            accepted(3, purpose="recovery"),
            probe(5, "succeeded"),
            Quiescence(t=40, proved=False, executing=1, in_hand=("b",)),
        ),
        avoids="hung",
    ),
    Case(
        "a process that hangs with a task which another process has done",
        history(
            accepted(0.5, 9, "b"),
            probe(0.7, "started", "b"),
            INJECTED,
            HEALED,
            probe(2.5, "received", "b", pid=10),
            probe(2.6, "started", "b", pid=12),
            probe(2.7, "succeeded", "b", pid=12),
            accepted(3, purpose="recovery"),
            probe(5, "succeeded"),
            Quiescence(t=40, proved=False, executing=1, in_hand=("b",)),
        ),
        {"hung": (2, 4, 11)},
    ),
    Case(
        "a new task that ends at the last moment",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), probe(12, "succeeded")),
        avoids="slow_recovery",
    ),
    Case(
        "two new tasks of which one ends, and late",
        history(
            INJECTED,
            HEALED,
            accepted(3, purpose="recovery"),
            accepted(4, 2, "b", OTHER, "recovery"),
            probe(15, "succeeded", "b", OTHER),
        ),
        {"slow_recovery": (1, 2, 6)},
    ),
    Case(
        "a run that was over as the time ended",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), phase(12, "stop")),
        {"unsettled": (1, 2)},
        unknown=True,
    ),
    Case(
        "the last fault counts",
        history(
            INJECTED,
            fault(9, "injected", "1.0"),
            fault(9, "healed", "1.0"),
            HEALED,
            accepted(10, purpose="recovery"),
            probe(15, "succeeded"),
        ),
        avoids="slow_recovery",
    ),
    Case(
        "a fault that has no heal counts from its injection",
        history(INJECTED, accepted(3, purpose="recovery"), probe(15, "succeeded")),
        {"slow_recovery": (0, 1, 3)},
    ),
    Case(
        "no new task ends",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), refused_recovery(4, 2), phase(13, "settle")),
        {"no_recovery": (1, 2, 4)},
    ),
    Case(
        "a run that was over before the time",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), phase(9, "stop")),
        {"unsettled": (1, 2)},
        unknown=True,
    ),
    Case(
        "a run that was over after a new task had ended",
        history(INJECTED, HEALED, accepted(3, purpose="recovery"), probe(5, "succeeded"), phase(9, "stop")),
        avoids="unsettled",
    ),
)

CHECK = RecoversWithin(recovery_s=10)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


@pytest.mark.parametrize("events", [history(INJECTED, HEALED, refused(3)), history(accepted(3, purpose="recovery"))])
def test_without_a_fault_or_a_new_task_there_is_nothing_to_judge(events: object) -> None:
    assert [finding.kind for finding in CHECK(events).findings] == ["nothing_observed"]  # type: ignore[arg-type]
