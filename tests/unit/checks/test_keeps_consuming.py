"""Literal histories for `keeps_consuming`."""

import pytest
from literals import Case, accepted, fault, history, phase, probe, process, sample, settings
from stormproof import history as h
from stormproof.checks import KeepsConsuming
from stormproof.history import AnyEvent, Quiescence

UP = process(0, "worker", "ready")
LONG = (sample(2, queued=3), sample(20, queued=3))
"""For longer than the bound of these tests, messages wait."""


def held(count: int, begin_t: float = 0.5) -> tuple[AnyEvent, ...]:
    """So many messages that the worker was given."""
    return tuple(probe(begin_t, "received", f"held-{number}", pid=10) for number in range(count))


CASES = (
    Case("a worker whose only process is busy", history(settings(0), UP, probe(1, "started"), LONG), avoids="wedged"),
    Case(
        "a worker of unknown size that is busy with anything", history(UP, probe(1, "started"), LONG), avoids="wedged"
    ),
    Case(
        "a worker that has a process free",
        history(settings(0, 2), UP, probe(1, "started"), LONG),
        {"wedged": (1, 3, 4)},
    ),
    Case(
        "a worker whose every process is busy",
        history(settings(0, 2), UP, probe(1, "started"), probe(1, "started", "b", pid=12), LONG),
        avoids="wedged",
    ),
    Case(
        "a worker whose task has ended since",
        history(
            settings(0), UP, probe(1, "started"), sample(2, queued=3), probe(4, "failed"), sample(5, queued=3), LONG[1]
        ),
        {"wedged": (1, 5, 6)},
    ),
    Case(
        "a worker whose process died of its task, as its main process says",
        history(settings(0), UP, probe(1, "started"), probe(1.5, "failed", pid=10), LONG),
        {"wedged": (1, 4, 5)},
    ),
    Case(
        "the end of another task says nothing of the one in hand",
        history(settings(0), UP, probe(1, "started"), probe(1.5, "failed", "b", pid=10), LONG),
        avoids="wedged",
    ),
    Case(
        "a process that went on to its next task has only that in hand",
        history(settings(0, 2), UP, probe(1, "started"), probe(1.5, "started", "b"), LONG),
        {"wedged": (1, 4, 5)},
    ),
    Case(
        "a process in whose place another one works is gone",
        history(
            settings(0),
            UP,
            probe(1, "started"),
            probe(1.5, "started", "b", pid=12),
            probe(1.6, "succeeded", "b", pid=12),
            LONG,
        ),
        {"wedged": (1, 5, 6)},
    ),
    Case(
        "the threads of one process are several hands",
        history(settings(0, 2), UP, probe(1, "started", pid=10), probe(1, "started", "b", pid=10), LONG),
        avoids="wedged",
    ),
    Case(
        "a worker that was started again has nothing in hand",
        history(
            settings(0),
            UP,
            probe(1, "started"),
            process(1.2, "worker", "exited"),
            settings(1.5),
            process(1.5, "worker", "ready"),
            LONG,
        ),
        {"wedged": (5, 6, 7)},
    ),
    Case(
        "a pool that may grow need not",
        history(settings(0, 4, fewest=1), UP, probe(1, "started"), LONG),
        avoids="wedged",
    ),
    Case(
        "a worker that holds as much as its prefetch allows",
        history(
            settings(0, 2, prefetch=2), UP, held(2), sample(2, queued=3, unacked=2), sample(20, queued=3, unacked=2)
        ),
        avoids="wedged",
    ),
    Case(
        "a worker that holds less than its prefetch allows",
        history(
            settings(0, 2, prefetch=2), UP, held(1), sample(2, queued=3, unacked=1), sample(20, queued=3, unacked=1)
        ),
        {"wedged": (1, 3, 4)},
    ),
    Case(
        "a worker that has done what it thinks it holds",
        history(
            settings(0, 2, prefetch=2),
            UP,
            held(2),
            probe(1, "succeeded", "held-0"),
            sample(2, queued=3, unacked=2),
            sample(20, queued=3, unacked=2),
        ),
        {"wedged": (1, 5, 6)},
    ),
    Case(
        "a worker whose consumer began anew has forgotten what it was given",
        history(
            settings(0, 2, prefetch=2),
            UP,
            held(2),
            probe(1.5, "consuming", task_id=""),
            sample(2, queued=3, unacked=2),
            sample(20, queued=3, unacked=2),
        ),
        {"wedged": (1, 5, 6)},
    ),
    Case(
        "a worker that holds nothing in the broker's books",
        history(settings(0, 2, prefetch=2), UP, held(2), LONG),
        {"wedged": (1, 4, 5)},
    ),
    Case(
        "a rate limit lets a worker wait for so much longer",
        history(settings(0, 2, slowest_s=10), UP, LONG),
        avoids="wedged",
    ),
    Case(
        "a rate limit that explains only a part of it",
        history(settings(0, 2, slowest_s=7), UP, LONG),
        {"wedged": (1, 2, 3)},
    ),
    Case(
        "a worker that ends its last tasks on its way out",
        history(settings(0, 2), UP, probe(0.5, "started"), probe(1, "stopping", "", pid=10), LONG),
        avoids="wedged",
    ),
    Case(
        "a worker that has nothing to end and does not go",
        history(settings(0, 2), UP, probe(1, "stopping", "", pid=10), LONG),
        {"wedged": (1, 3, 4)},
    ),
    Case(
        "a free worker that does not read the queue of the busy one",
        history(
            settings(0, queues=("long",)),
            UP,
            settings(0, component="other", queues=("short",)),
            h.Process(t=0, component="other", role="worker", pid=20, word="ready"),
            probe(1, "started"),
            LONG,
        ),
        avoids="wedged",
    ),
    Case(
        "a free worker that reads every queue beside a busy one",
        history(
            settings(0, queues=("long",)),
            UP,
            settings(0, component="other", queues=("short", "long")),
            h.Process(t=0, component="other", role="worker", pid=20, word="ready"),
            probe(1, "started"),
            LONG,
        ),
        {"wedged": (3, 5, 6)},
    ),
    Case(
        "a free worker while the only reader of a queue is gone",
        history(
            settings(0, queues=("long",)),
            UP,
            settings(0, component="other", queues=("short",)),
            h.Process(t=0, component="other", role="worker", pid=20, word="ready"),
            process(1, "worker", "exited"),
            LONG,
        ),
        avoids="wedged",
    ),
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


@pytest.mark.parametrize(
    ("told", "books"),
    [((settings(0, 2), UP, probe(1, "started"), LONG), "worker: 1 of 2 busy"), ((UP, LONG), "worker: nothing in hand")],
)
def test_a_wedge_is_told_with_the_books_of_the_worker(told: tuple[AnyEvent, ...], books: str) -> None:
    (finding,) = CHECK(history(*told)).findings
    assert finding.message == (
        f"3 messages in broker at 20.0 s, a live worker with room for more ({books}), no fault, "
        "and nothing received or started for 18.0 s"
    )
