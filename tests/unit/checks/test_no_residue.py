"""Literal histories for `no_residue`."""

import pytest
from literals import Case, history, phase, sample
from stormproof.checks import NoResidue
from stormproof.history import AnyEvent, History, ProcessSample

MIB = 2**20


def storm_between(before: AnyEvent, *after: AnyEvent) -> History:
    """`before` is event 1, what comes after the storm begins with event 4."""
    return history(phase(0, "start"), before, phase(2, "storm"), phase(8, "settle"), *after, phase(20, "stop"))


def tree(t: float, rss_bytes: int = 50 * MIB, processes: int = 3, component: str = "worker") -> ProcessSample:
    return ProcessSample(t=t, component=component, rss_bytes=rss_bytes, processes=processes)


CASES = (
    Case("keys within the slack", storm_between(sample(1, keys=3), sample(9, keys=13)), avoids="keys_left"),
    Case(
        "keys that are left by the stop itself",
        history(
            phase(0, "start"),
            sample(1),
            phase(2, "storm"),
            phase(8, "settle"),
            sample(9),
            phase(20, "stop"),
            sample(21, keys=50),
        ),
        avoids="keys_left",
    ),
    Case(
        "keys that are there when the run is cut short",
        history(phase(0, "start"), sample(1), phase(2, "storm"), phase(8, "settle"), sample(9, keys=50)),
        {"keys_left": (1, 4)},
    ),
    Case("keys that stay", storm_between(sample(1, keys=3), sample(9, keys=14)), {"keys_left": (1, 4)}),
    Case(
        "keys that went in the end",
        storm_between(sample(1, keys=3), sample(9, keys=50), sample(10, keys=3), sample(11, up=False)),
        avoids="keys_left",
    ),
    Case(
        "the last look of a store that is up counts",
        storm_between(sample(1, keys=3), sample(9, keys=3), sample(10, keys=50), sample(11, up=False)),
        {"keys_left": (1, 5)},
    ),
    Case(
        "connections within the slack",
        storm_between(sample(1, connections=4), sample(9, connections=29)),
        avoids="connections_left",
    ),
    Case(
        "connections that stay",
        storm_between(sample(1, connections=4), sample(9, connections=30)),
        {"connections_left": (1, 4)},
    ),
    Case("processes within the slack", storm_between(tree(1), tree(9, processes=5)), avoids="processes_left"),
    Case("processes that stay", storm_between(tree(1), tree(9, processes=6)), {"processes_left": (1, 4)}),
    Case("memory within the slack", storm_between(tree(1), tree(9, rss_bytes=300 * MIB)), avoids="memory_left"),
    Case(
        "memory of a component that stays",
        storm_between(tree(1), tree(9, rss_bytes=307 * MIB)),
        {"memory_left": (1, 4)},
    ),
    Case(
        "memory of a store that stays",
        storm_between(sample(1, memory_bytes=MIB), sample(9, memory_bytes=66 * MIB)),
        {"memory_left": (1, 4)},
    ),
)

CHECK = NoResidue()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


@pytest.mark.parametrize(
    "unjudged",
    [
        storm_between(sample(1), sample(9, store="results", keys=50)),
        history(sample(1), phase(2, "storm"), sample(3, keys=50)),
    ],
    ids=["what was not there before", "a run that never settled"],
)
def test_what_was_not_seen_both_times_is_not_judged(unjudged: History) -> None:
    assert [finding.kind for finding in CHECK(unjudged).findings] == ["nothing_observed"]
