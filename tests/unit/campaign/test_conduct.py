"""Lanes go on after a system that does not start, and stop when they are told to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from stormproof import Injection, Kill, Scenario, State, Workload
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.errors import ComponentError
from stormproof.history import History
from stormproof.runs.store import Judged, Run
from stormproof.spec import description
from stormproof.spec.choices import Choices
from stormproof.spec.tables import Binary

SYSTEM = description.load(Path(__file__).parents[3] / "system_under_test" / "plain.toml")
KILL = Injection(fault=Kill(component="worker"), at_s=1.0)
JOBS = [Job(scenario=Scenario(name=name, title="t"), system=SYSTEM, state=State.IDLE, seed=1) for name in "abc"]


def all_of_them(lanes: int) -> asyncio.Future[list[object]]:
    work = campaign.conduct_all(
        JOBS, Path("runs"), Binary("redis", "7"), lambda job, phase: None, lambda job, run: None, lanes
    )
    return asyncio.ensure_future(work)


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_lane_that_is_told_to_stop_begins_no_other_job(monkeypatch: pytest.MonkeyPatch, lanes: int) -> None:
    begun: list[str] = []

    async def conduct(job: Job, *_: object) -> None:
        begun.append(job.title)
        try:
            await asyncio.sleep(60)
        finally:
            # What a system says that was ended while it started.
            raise ComponentError("worker: exited with -9 at start")

    async def stopped() -> None:
        work = all_of_them(lanes)
        while len(begun) < lanes:
            await asyncio.sleep(0)
        work.cancel()
        await work

    monkeypatch.setattr(campaign, "conduct", conduct)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())
    assert begun == ["a", "b"][:lanes]


def test_a_system_that_does_not_start_keeps_no_other_job_from_running(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    async def unready(job: Job) -> None:
        raise ComponentError(f"{job.title}: does not start")

    async def conduct(job: Job, *_: object) -> None:
        begun.append(job.title)
        async with asyncio.TaskGroup() as group:
            group.create_task(unready(job))

    async def work() -> None:
        await all_of_them(1)

    monkeypatch.setattr(campaign, "conduct", conduct)
    with pytest.raises(ComponentError, match="a: does not start"):
        asyncio.run(work())
    assert begun == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("storm", "copies", "status", "wrong"),
    [
        ((KILL,), 1, Status.UNKNOWN, False),
        ((KILL,), 1, Status.VALID, True),
        ((KILL,), 1, Status.INVALID, True),
        ((), 1, Status.VALID, False),
        ((), 20, Status.VALID, True),
        ((), 20, Status.UNKNOWN, False),
    ],
)
def test_a_control_is_unknown_where_a_fault_was_planned(
    storm: tuple[Injection, ...], copies: int, status: Status, wrong: bool
) -> None:
    scenario = Scenario(name="a", title="t", storm=storm, workload=Workload(copies=copies))
    run = Run(
        folder=Path("runs/a"),
        scenario=scenario,
        system=SYSTEM,
        state=State.IDLE,
        choices=Choices.draw(scenario, 1),
        history=History([]),
        judged=Judged(status=status, verdicts=(), seconds=1.0, events=0),
    )
    said = [f"a on plain is {status.word}, and no fault has struck: runs/a"]
    assert campaign.control([run]) == (said if wrong else [])
    assert campaign.blame_of_control(run) is (Status.INVALID if wrong else Status.VALID)
