"""Literal histories for `no_residue`."""

import pytest
from literals import Case, history, phase, probe, sample, settings
from stormproof.checks import NoResidue
from stormproof.history import AnyEvent, History, ProcessSample

MIB = 2**20
WORK = 6
"""So many executions tell a leak from a pool that fills, in these tests."""


def executions(count: int, begin_t: float) -> tuple[AnyEvent, ...]:
    """So many, two events each."""
    return tuple(
        probe(begin_t, word, f"{begin_t}-{number}") for number in range(count) for word in ("started", "succeeded")
    )


def grown(*looks: AnyEvent, work: int = WORK) -> History:
    """A look before the storm, one at the end of each third of the work, and more; with the default work these are the events of `LEAK`."""
    before, first, second, *after = looks
    third = work // 3
    return history(
        phase(0, "start"),
        before,
        phase(2, "storm"),
        *(executions(third, 3), first, executions(third, 4), second, executions(third, 5)),
        phase(8, "settle"),
        *after,
        phase(20, "stop"),
    )


def tree(t: float, rss_bytes: int = 50 * MIB, processes: int = 3, component: str = "worker") -> ProcessSample:
    return ProcessSample(t=t, component=component, rss_bytes=rss_bytes, processes=processes)


def keys(*numbers: int) -> tuple[AnyEvent, ...]:
    return tuple(sample(t, keys=number) for t, number in zip((1, 3.5, 4.5, 9, 10), numbers, strict=False))


def connections(*numbers: int) -> tuple[AnyEvent, ...]:
    return tuple(sample(t, connections=number) for t, number in zip((1, 3.5, 4.5, 9), numbers, strict=True))


def processes(*numbers: int) -> tuple[AnyEvent, ...]:
    return tuple(tree(t, processes=number) for t, number in zip((1, 3.5, 4.5, 9), numbers, strict=True))


LEAK = (1, 7, 12, 18)

CASES = (
    Case("keys within the slack", grown(*keys(3, 6, 9, 13)), avoids="keys_left"),
    Case("keys that grow with the work", grown(*keys(3, 7, 10, 14)), {"keys_left": LEAK}),
    Case("keys that grew in the end only", grown(*keys(3, 3, 3, 14)), avoids="keys_left"),
    Case("keys that were there for a while", grown(*keys(3, 40, 50, 60, 3)), avoids="keys_left"),
    Case(
        "keys that were more for a while, and have grown all the same",
        grown(*keys(3, 60, 23, 33)),
        {"keys_left": (1, 18)},
        remark=True,
    ),
    Case(
        "keys that are left by the stop itself",
        history(tuple(grown(*keys(3, 7, 10, 12))[:-1]), phase(20, "stop"), sample(21, keys=90)),
        avoids="keys_left",
    ),
    Case("keys of a run that is cut short", history(tuple(grown(*keys(3, 7, 10, 14))[:-1])), {"keys_left": LEAK}),
    Case(
        "the last look of a store that is up counts",
        grown(*keys(3, 13, 23, 33), sample(11, up=False)),
        {"keys_left": LEAK},
    ),
    Case(
        "a pool of connections that fills up to its bound",
        grown(*connections(4, 90, 101, 105)),
        avoids="connections_left",
    ),
    Case("connections within the slack", grown(*connections(4, 12, 20, 29)), avoids="connections_left"),
    Case("connections that grow with the work", grown(*connections(4, 14, 22, 30)), {"connections_left": LEAK}),
    Case(
        "connections that grow at half the pace in the end",
        grown(*connections(4, 34, 49, 64)),
        {"connections_left": LEAK},
    ),
    Case("connections that grow at less than that", grown(*connections(4, 34, 55, 64)), avoids="connections_left"),
    Case(
        "connections that grew when there was too little work to tell why",
        grown(*connections(19, 30, 40, 47), work=3),
        {"connections_left": (1, 5, 8, 12)},
        remark=True,
    ),
    Case(
        "connections that grew while nobody looked",
        history(
            phase(0, "start"),
            sample(1),
            phase(2, "storm"),
            executions(6, 3),
            phase(8, "settle"),
            sample(9, connections=60),
        ),
        {"connections_left": (1, 16)},
        remark=True,
    ),
    Case("processes within the slack", grown(*processes(3, 4, 4, 5)), avoids="processes_left"),
    Case("processes that grow with the work", grown(*processes(3, 4, 5, 6)), {"processes_left": LEAK}),
    Case(
        "processes that the worker's autoscale allows",
        history(settings(0, 4, fewest=1), tuple(grown(*processes(3, 4, 5, 8)))),
        avoids="processes_left",
    ),
    Case(
        "more processes than the worker's autoscale allows",
        history(settings(0, 4, fewest=1), tuple(grown(*processes(3, 5, 7, 9)))),
        {"processes_left": (2, 8, 13, 19)},
    ),
    Case(
        "memory within the slack",
        grown(*(tree(t, rss_bytes=mib * MIB) for t, mib in ((1, 50), (3.5, 130), (4.5, 210), (9, 306)))),
        avoids="memory_left",
    ),
    Case(
        "memory of a component that grows with the work",
        grown(*(tree(t, rss_bytes=mib * MIB) for t, mib in ((1, 50), (3.5, 130), (4.5, 210), (9, 307)))),
        {"memory_left": LEAK},
    ),
    Case(
        "memory of a store that grows with the work",
        grown(*(sample(t, memory_bytes=mib * MIB) for t, mib in ((1, 1), (3.5, 22), (4.5, 44), (9, 66)))),
        {"memory_left": LEAK},
    ),
)

CHECK = NoResidue(least_work=WORK)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def before_and_after(before: AnyEvent, after: AnyEvent) -> History:
    return history(phase(0, "start"), before, phase(2, "storm"), phase(8, "settle"), after, phase(20, "stop"))


@pytest.mark.parametrize(
    "unjudged",
    [
        before_and_after(sample(1), sample(9, store="results", keys=50)),
        history(sample(1), phase(2, "storm"), sample(3, keys=50)),
    ],
    ids=["what was not there before", "a run that never settled"],
)
def test_what_was_not_seen_both_times_is_not_judged(unjudged: History) -> None:
    assert [finding.kind for finding in CHECK(unjudged).findings] == ["nothing_observed"]


def test_growth_is_told_with_the_work_that_it_grew_with() -> None:
    (leak,) = CHECK(grown(*connections(4, 34, 64, 94))).findings
    assert leak.message == (
        "store broker: 94 connections when all was quiet again, 4 before the storm; it grew with each third of 6 executions"
    )
    (remark,) = NoResidue()(grown(*connections(4, 34, 64, 94))).findings
    assert remark.message.endswith(
        "; 6 executions, as they were looked at, are too few to tell a leak from a pool that fills"
    )
