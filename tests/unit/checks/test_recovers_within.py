"""Literal histories for `recovers_within`."""

import msgspec
import pytest
from literals import OTHER, Case, accepted, fault, history, phase, probe, process, refused, settings, status
from stormproof.checks import RecoversWithin
from stormproof.history import AnyEvent, History, Invoked, Quiescence, Returned

INJECTED, HEALED = fault(1, "injected"), fault(2, "healed")


def refused_recovery(t: float, op: int) -> tuple[AnyEvent, ...]:
    return (
        Invoked(t=t, op=op, kind="submit", key=OTHER, purpose="recovery"),
        Returned(t=t + 0.1, op=op, outcome="info", http_status=503, retry_after=True),
    )


def executed(task_id: str, begin_t: float, end_t: float, pid: int = 11) -> tuple[AnyEvent, ...]:
    return probe(begin_t, "started", task_id, "", pid), probe(end_t, "succeeded", task_id, "", pid)


def in_order(*events: AnyEvent | tuple[AnyEvent, ...]) -> History:
    return History(sorted(history(*events), key=lambda event: event.t))


WORKER = (settings(0, 2), process(0, "worker", "ready"))
LOAD = tuple(executed(f"load-{n}-{pid}", 2.5 + 4 * n, 6.4 + 4 * n, pid) for n in range(5) for pid in (11, 12))
"""The harness's own tasks, 4 s each, which keep both processes busy until 22.4 s."""
NEW = (accepted(3, purpose="recovery"), probe(22.5, "started"), probe(22.6, "succeeded"))
LIMITED = (settings(0, 4, slowest_s=3.0), process(0, "worker", "ready"))
"""It may begin one task in 3 s, and could run four at once."""
ONE_PROCESS = (settings(0, 1), process(0, "worker", "ready"))
CALM = executed("calm", 0.1, 4.0)
LATER = (fault(4.1, "injected"), fault(4.2, "healed"))


def loaded(*events: AnyEvent | tuple[AnyEvent, ...]) -> History:
    """A task of 4 s in calm, then a fault."""
    moved = [
        msgspec.structs.replace(event, t=event.t + 2)
        for part in events
        for event in (part if isinstance(part, tuple) else (part,))
    ]
    return in_order(WORKER, CALM, LATER, *moved)


CASES = (
    Case(
        "a new task that waited behind the tasks of the harness",
        loaded(*LOAD, *NEW),
        avoids="slow_recovery",
    ),
    Case(
        "a new task that waited beside a free process",
        loaded(*(pair for pair in LOAD if pair[0].pid == 11), *NEW),
        {"slow_recovery": (5, 7, 19)},
    ),
    Case(
        "a new task that waited for the rate limit, behind the tasks of the harness",
        in_order(
            LIMITED,
            INJECTED,
            HEALED,
            *(executed(f"load-{n}", 2.5 + 3 * n, 2.6 + 3 * n) for n in range(8)),
            accepted(3, purpose="recovery"),
            probe(26.5, "started"),
            probe(26.6, "succeeded"),
        ),
        avoids="slow_recovery",
    ),
    Case(
        "a new task that waited for longer than the rate limit",
        in_order(
            LIMITED,
            INJECTED,
            HEALED,
            *(executed(f"load-{n}", 2.5 + 3 * n, 2.6 + 3 * n) for n in range(2)),
            accepted(3, purpose="recovery"),
            probe(29.5, "started"),
            probe(29.6, "succeeded"),
        ),
        {"slow_recovery": (3, 6, 11)},
    ),
    Case(
        "a new task that waited for pool processes that are replaced after each task",
        in_order(
            ONE_PROCESS,
            INJECTED,
            HEALED,
            *(executed(f"load-{n}", 2.5 + 5 * n, 2.6 + 5 * n, pid=20 + n) for n in range(5)),
            accepted(3, purpose="recovery"),
            probe(27.5, "started", pid=25),
            probe(27.6, "succeeded", pid=25),
        ),
        avoids="slow_recovery",
    ),
    Case(
        "a new task that waited beside a pool process that stays and does nothing",
        in_order(
            ONE_PROCESS,
            INJECTED,
            HEALED,
            *(executed(f"load-{n}", 2.5 + 5 * n, 2.6 + 5 * n) for n in range(5)),
            accepted(3, purpose="recovery"),
            probe(27.5, "started"),
            probe(27.6, "succeeded"),
        ),
        {"slow_recovery": (3, 6, 17)},
    ),
    Case(
        "a new task that waited for a pool process that was replaced after a long time",
        in_order(
            ONE_PROCESS,
            INJECTED,
            HEALED,
            executed("load", 2.5, 2.6, pid=20),
            accepted(3, purpose="recovery"),
            probe(37.5, "started", pid=21),
            probe(37.6, "succeeded", pid=21),
        ),
        {"slow_recovery": (3, 6, 9)},
    ),
    Case(
        "a new task that is itself long",
        loaded(accepted(3, purpose="recovery"), probe(11.5, "started"), probe(15.3, "succeeded")),
        avoids="slow_recovery",
    ),
    Case(
        "a new task that takes far longer than any in calm",
        loaded(accepted(3, purpose="recovery"), probe(6, "started"), probe(19, "succeeded")),
        {"slow_recovery": (5, 6, 9)},
    ),
    Case(
        "executions that hang are no work",
        loaded(
            accepted(3, purpose="recovery"),
            probe(2.5, "started", "b", pid=11),
            probe(2.5, "started", "c", pid=12),
            phase(20, "settle"),
        ),
        {"no_recovery": (5, 8)},
    ),
    Case(
        "new tasks that all wait behind the tasks of the harness",
        loaded(*LOAD, accepted(3, purpose="recovery"), phase(22, "settle")),
        {"unsettled": (5, 8)},
        unknown=True,
    ),
    Case(
        "a task in hand for as long as such tasks take",
        in_order(
            WORKER,
            executed("calm", 0.1, 45.0),
            fault(46, "injected"),
            accepted(45.5, 9, "b"),
            probe(45.8, "started", "b"),
            fault(47, "healed"),
            accepted(48, purpose="recovery"),
            probe(50, "succeeded", pid=12),
            Quiescence(t=80, proved=False, executing=1, in_hand=("b",)),
        ),
        avoids="hung",
    ),
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


def test_time_that_the_workers_were_busy_is_told_and_not_counted() -> None:
    late = loaded(*LOAD, accepted(3, purpose="recovery"), probe(40, "started"), probe(40.1, "succeeded"))
    (finding,) = CHECK(late).findings
    assert finding.message == (
        "the first new task ended 37.9 s after kill was healed at 4.2 s, for 19.6 s of which the workers were busy with tasks; "
        "10 s are promised"
    )
