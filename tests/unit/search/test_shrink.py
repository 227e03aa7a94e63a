"""A storm is shrunk to what makes it fail, with few runs, also where it fails only most of the time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from stormproof import Injection, Kill, Mail, Misbehave, Pause, Reset, Scenario, Workload, sends
from stormproof.errors import ScenarioError
from stormproof.search.shrink import Shrunk, shrink
from stormproof.spec.scenario import Injection as AnyInjection

GAP = Injection(fault=Reset(), at_s=6.3, when=sends("worker", "HSET", key="unacked", place=17))
HELD = Injection(fault=Misbehave(do="hold", place=9), at_s=2.7, for_s=1.3)
NOISE = [Injection(fault=Pause(component="api"), at_s=float(n), for_s=0.7) for n in range(9)]
NOISE += [Injection(fault=Kill(component="worker"), at_s=n + 0.5, for_s=0.3) for n in range(8)]
NOISE += [Injection(fault=Mail(mode="silent"), at_s=4.0, for_s=2.0)]
STORM = Scenario(
    name="storm",
    title="20 faults",
    workload=Workload(tasks=40, rate_per_s=2.0),
    storm=(*NOISE[:7], GAP, *NOISE[7:15], HELD, *NOISE[15:]),
)


def is_gap(injection: AnyInjection) -> bool:
    return isinstance(injection.fault, Reset)


def is_held(injection: AnyInjection) -> bool:
    return isinstance(injection.fault, Misbehave)


def run(shows: Callable[[Scenario], bool], reliability: float = 1.0) -> tuple[Shrunk, list[Scenario]]:
    dice, tried = random.Random(5), list[Scenario]()

    async def fails(scenario: Scenario) -> bool:
        tried.append(scenario)
        await asyncio.sleep(0)
        return shows(scenario) and dice.random() < reliability

    return asyncio.run(shrink(STORM, fails, lambda text: None)), tried


def test_one_fault_among_twenty_is_found_and_its_place_moves_to_the_front() -> None:
    shrunk, tried = run(lambda scenario: any(map(is_gap, scenario.storm)))
    assert shrunk.scenario.storm == (Injection(fault=Reset(), when=sends("worker", "HSET", key="unacked", place=0)),)
    assert shrunk.scenario.workload == Workload(tasks=1)
    assert (shrunk.failed, shrunk.made) == (4, len(tried))
    assert len(tried) < 60


def test_two_faults_that_fail_only_together_are_both_kept() -> None:
    shrunk, tried = run(lambda scenario: any(map(is_gap, scenario.storm)) and any(map(is_held, scenario.storm)))
    assert sorted(injection.fault.name for injection in shrunk.scenario.storm) == ["misbehave", "reset"]
    assert shrunk.scenario.workload.tasks <= 3
    assert len(tried) < 120


@pytest.mark.parametrize("reliability", [0.95])
def test_a_failure_that_shows_most_of_the_time_is_shrunk_too(reliability: float) -> None:
    shrunk, _ = run(lambda scenario: any(map(is_gap, scenario.storm)), reliability)
    assert any(map(is_gap, shrunk.scenario.storm))
    assert len(shrunk.scenario.storm) <= 2
    assert shrunk.failed >= 4


def test_one_that_waits_for_its_place_anyway_waits_from_the_beginning() -> None:
    def shows(scenario: Scenario) -> bool:
        # Armed late, it misses a task that comes early.
        return any(
            is_gap(i) and i.when is not None and (i.at_s == 0 or (i.when.place or 0) > 10) for i in scenario.storm
        )

    assert run(shows)[0].scenario.workload.tasks == 1


def test_what_needs_its_timing_keeps_it() -> None:
    shrunk, _ = run(lambda scenario: any(is_held(i) and i.for_s > 1 for i in scenario.storm))
    (left,) = shrunk.scenario.storm
    assert left.for_s > 1


def test_no_candidate_means_a_place_that_it_does_not_have() -> None:
    _, tried = run(lambda scenario: any(map(is_gap, scenario.storm)))
    for scenario in tried:
        for injection in scenario.storm:
            for part in (injection.fault, injection.when):
                place = getattr(part, "place", None)
                assert place is None or place < scenario.workload.tasks


def test_what_does_not_fail_again_is_not_shrunk() -> None:
    with pytest.raises(ScenarioError, match="storm: does not fail again"):
        run(lambda scenario: False)


def test_what_does_not_hold_in_the_end_falls_back_to_the_stage_before() -> None:
    once = set[bytes]()

    def shows(scenario: Scenario) -> bool:
        if scenario.workload.tasks == 40:
            return any(map(is_gap, scenario.storm))
        first = repr(scenario) not in once  # type: ignore[comparison-overlap]
        once.add(repr(scenario))  # type: ignore[arg-type]
        return first

    shrunk, _ = run(shows)
    assert shrunk.scenario.workload.tasks == 40
    assert len(shrunk.scenario.storm) == 1
