"""Literal histories for `keeps_consuming`."""

import pytest
from literals import Case, accepted, fault, history, phase, probe, process, sample
from stormproof.checks import KeepsConsuming
from stormproof.history import Quiescence

UP = process(0, "worker", "ready")

CASES = (
    Case(
        "messages that wait less than the bound",
        history(UP, sample(1, queued=3), sample(8, queued=3), sample(11, queued=3)),
        avoids="wedged",
    ),
    Case(
        "messages that wait for longer",
        history(UP, process(0.5, "worker", "ready"), sample(1, queued=3), sample(8, queued=3), sample(11.5, queued=3)),
        {"wedged": (0, 2, 4)},
    ),
    Case(
        "a stall that was over before the end is found all the same",
        history(UP, sample(1, queued=3), sample(20, queued=3), probe(21, "started"), sample(22)),
        {"wedged": (0, 1, 2)},
    ),
    Case(
        "a queue that was empty in between",
        history(UP, sample(1, queued=3), sample(8), sample(9, queued=3), sample(15, queued=3)),
        avoids="wedged",
    ),
    Case(
        "a worker that receives",
        history(UP, sample(1, queued=3), probe(8, "received"), sample(9, queued=3), sample(15, queued=3)),
        avoids="wedged",
    ),
    Case(
        "a worker that ends tasks and takes none",
        history(UP, sample(1, queued=3), probe(8, "succeeded"), sample(9, queued=3), sample(15, queued=3)),
        {"wedged": (0, 1, 4)},
    ),
    Case(
        "a worker that is still starting",
        history(
            process(0, "worker", "started"), sample(1, queued=3), sample(20, queued=3), process(21, "worker", "ready")
        ),
        avoids="wedged",
    ),
    Case("no worker", history(sample(1, queued=3), sample(30, queued=3)), avoids="wedged"),
    Case(
        "a worker that died",
        history(UP, sample(1, queued=3), process(8, "worker", "exited"), sample(9, queued=3), sample(30, queued=3)),
        avoids="wedged",
    ),
    Case(
        "a fault that is active",
        history(
            UP,
            fault(0.5, "injected"),
            fault(0.6, "bit"),
            sample(1, queued=3),
            sample(20, queued=3),
            fault(21, "healed"),
            sample(22, queued=3),
            sample(30, queued=3),
        ),
        avoids="wedged",
    ),
    Case(
        "the time after a fault",
        history(
            UP,
            fault(0.5, "injected"),
            sample(1, queued=3),
            fault(2, "healed"),
            sample(3, queued=3),
            sample(14, queued=3),
        ),
        {"wedged": (0, 4, 5)},
    ),
    Case(
        "a store that is down",
        history(UP, sample(1, queued=3), sample(8, up=False), sample(9, queued=3), sample(15, queued=3)),
        avoids="wedged",
    ),
    Case(
        "tasks of the harness that hold the worker on purpose",
        history(
            UP,
            accepted(1, -9000, purpose="state"),
            sample(1.5, queued=3),
            sample(20, queued=3),
            phase(21, "recover"),
            sample(22, queued=3),
            sample(30, queued=3),
        ),
        avoids="wedged",
    ),
    Case(
        "a worker that was let go and does not move",
        history(
            UP, accepted(1, -9000, purpose="state"), phase(21, "recover"), sample(22, queued=3), sample(40, queued=3)
        ),
        {"wedged": (0, 4, 5)},
    ),
    Case(
        "work held back for less than the bound",
        history(UP, sample(1), Quiescence(t=9, proved=False, backlog=2, unchanged_s=8)),
        avoids="held_back",
    ),
    Case(
        "work held back for longer",
        history(UP, sample(1), Quiescence(t=19, proved=False, backlog=2, unchanged_s=13)),
        {"held_back": (2,)},
    ),
    Case(
        "work that waits for a task that is executing",
        history(UP, sample(1), Quiescence(t=19, proved=False, backlog=2, executing=1, unchanged_s=13)),
        avoids="held_back",
    ),
    Case(
        "messages that wait from the first event on",
        history(sample(1, queued=3), UP, sample(2, queued=3), sample(13, queued=3)),
        {"wedged": (1, 2, 3)},
    ),
    Case(
        "one fault of two is healed",
        history(
            UP,
            fault(0.5, "injected"),
            fault(0.5, "injected", "1.0", "pause"),
            fault(1, "healed"),
            sample(2, queued=3),
            sample(30, queued=3),
        ),
        avoids="wedged",
    ),
    Case(
        "a fault that begins ends the stall",
        history(
            UP,
            sample(1, queued=3),
            sample(8, queued=3),
            fault(9, "injected"),
            fault(9.5, "healed"),
            sample(10, queued=3),
            sample(19, queued=3),
        ),
        avoids="wedged",
    ),
    Case(
        "the process starts after the sample of the same moment",
        history(sample(1, queued=3), sample(20, queued=3), UP, sample(20.5, queued=3)),
        avoids="wedged",
    ),
    Case(
        "work held back for exactly the bound",
        history(UP, sample(1), Quiescence(t=19, proved=False, backlog=2, unchanged_s=10)),
        avoids="held_back",
    ),
    Case(
        "work held back beside messages in the queue",
        history(UP, sample(1), Quiescence(t=19, proved=False, backlog=2, queued=1, unchanged_s=13)),
        avoids="held_back",
    ),
    Case(
        "work held back beside an unacknowledged message",
        history(UP, sample(1), Quiescence(t=19, proved=False, backlog=2, unacked=1, unchanged_s=13)),
        avoids="held_back",
    ),
)

CHECK = KeepsConsuming(stall_s=10)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)
