"""A system whose task takes a whole number, so that no key of ours reaches a worker: storms and the sweep find its tasks all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from stormproof import Injection, Kill, Reset, Scenario, Workload, receives, sends
from stormproof.brokers.redis.server import find_binary
from stormproof.campaign import catalogue
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.history import Fault as FaultEvent
from stormproof.history import History, Invoked, Probe, Returned, Wire
from stormproof.report.words import doubts, findings
from stormproof.runs.store import Run
from stormproof.spec import description
from stormproof.spec.scenario import State
from stormproof.sweep import cells, conduct
from stormproof.sweep.cells import Cell
from stormproof.sweep.outcome import Word
from stormproof.sweep.sheet import Result

ROOT = Path(__file__).parents[2]
NUMBERED = Path(__file__).parent / "apps" / "numbered.toml"
IN_MID_TASK = ("worker_killed", "child_killed", "worker_deployed")
AT_A_FRAME = (
    Scenario(
        name="api_killed",
        title="the API is killed when its publish is done, before it answers",
        storm=(
            Injection(fault=Kill(component="api"), when=receives("api", "LPUSH", key="celery", place=2), for_s=0.5),
        ),
    ),
    Scenario(
        name="lost_acknowledgement",
        title="the worker's connection is reset as it acknowledges the second task",
        storm=(Injection(fault=Reset(), when=sends("worker", "ZREM", key="unacked_index", place=1)),),
    ),
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """All storms, with tasks that take a quarter of a second to a second."""
    system = description.load(NUMBERED, {"env": {"UNIT_S": "0.25"}})
    known = [catalogue.load(ROOT / "chaos" / f"{name}.py") for name in IN_MID_TASK]
    few = [msgspec.structs.replace(scenario, workload=Workload(tasks=4)) for scenario in (*known, *AT_A_FRAME)]
    jobs = [Job(scenario=scenario, system=system, state=State.IDLE, seed=1) for scenario in few]
    folder = tmp_path_factory.mktemp("runs")
    found = asyncio.run(
        campaign.conduct_all(jobs, folder, find_binary(), lambda job, phase: None, lambda job, run: None, lanes=3)
    )
    return {run.scenario.name: run for run in found}


def unknown_tasks(run: Run) -> set[str]:
    """The tasks that ran and whose ids no answer has told."""
    told = {event.task_id for _, event in run.history.of(Returned)}
    return {event.task_id for _, event in run.history.of(Probe) if event.word == "started"} - told


@pytest.mark.parametrize("name", IN_MID_TASK)
def test_a_storm_that_waits_for_a_task_strikes_in_the_middle_of_it(runs: dict[str, Run], name: str) -> None:
    history = runs[name].history
    assert [(finding.kind, finding.message) for finding in findings(runs[name])] == []
    assert {finding.kind for finding in doubts(runs[name])} <= {"starved"}
    assert {event.key for _, event in history.of(Probe)} == {""}
    bit = {event.name: event for _, event in history.of(FaultEvent) if event.stage == "bit"}
    assert set(bit) == set(runs[name].scenario.planned)
    (held,) = {event.detail.rpartition(" ")[2] for fault, event in bit.items() if fault == "misbehave"}
    starts = [event for _, event in history.of(Probe) if event.word == "started" and str(event.pid) == held]
    again = [event for _, event in history.of(Probe) if event.word == "started" and event.task_id == starts[-1].task_id]
    assert len(again) == 2, "the task that was held is the one that was struck, and so it was executed again"


def test_a_task_whose_submission_was_never_answered_is_no_phantom(runs: dict[str, Run]) -> None:
    run = runs["api_killed"]
    (struck,) = [
        event.op for _, event in run.history.of(Invoked) if event.key.endswith("-0002") and event.kind == "submit"
    ]
    assert run.history.returns[struck][1].outcome == "info"
    assert unknown_tasks(run)
    assert {finding.kind for finding in findings(run)} & {"phantom", "ran_after_fail"} == set()


def test_a_frame_of_a_certain_task_is_known_by_its_delivery_tag(runs: dict[str, Run]) -> None:
    (struck,) = [event for _, event in runs["lost_acknowledgement"].history.of(Wire) if event.fate == "reset"]
    assert (struck.link, struck.command) == ("worker", "ZREM")


def played(tmp_path: Path, *ids: str, unit_s: str) -> dict[str, Result]:
    system = description.load(NUMBERED, {"env": {"UNIT_S": unit_s}})
    results: list[Result] = []
    plan = [Cell.parse(text) for text in ids]
    asyncio.run(conduct.play(plan, system, tmp_path / "lanes", find_binary(), 1, 1, results.append))
    return {result.cell: result for result in results}


def test_a_sweep_reaches_the_fault_points_of_such_tasks(tmp_path: Path) -> None:
    system = description.load(NUMBERED, {"env": {"UNIT_S": "0.05"}})
    points = asyncio.run(conduct.record(system, tmp_path / "record", find_binary()))
    plan = [cell.id for cell in cells.cells(points, ("kill",), system.broker) if "HSET(unacked)" in cell.id]
    assert len(plan) == 2, [point.name for point in points]
    results = played(tmp_path, *plan, unit_s="0.05")
    assert [result.reached for result in results.values()] == [True, True]
    assert results[plan[0]].outcome.word is Word.LOST


def test_a_task_of_four_seconds_that_is_handed_back_is_not_said_to_hang(tmp_path: Path) -> None:
    cell = "worker:ZREM(unacked_index):request:1/kill"
    result = played(tmp_path, cell, unit_s="1")[cell]
    evidence = History.load(tmp_path / "lanes" / "lane-1" / "history.jsonl")[result.first : result.last]
    runs = [event for event in evidence if isinstance(event, Probe) and event.word == "started"]
    assert runs[0].task_id in {event.task_id for event in runs[1:]}, "it was handed back, and executed again"
    assert result.outcome.word in {Word.RAN_TWICE, Word.STRANDED}, result.outcome
