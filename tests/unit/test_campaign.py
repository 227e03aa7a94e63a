"""Lanes go on after a system that does not start, and stop when they are told to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from stormproof import Scenario, State, campaign, system
from stormproof.campaign import Job
from stormproof.errors import ComponentError
from stormproof.redis_server import Binary

SYSTEM = system.load(Path(__file__).parents[2] / "system_under_test" / "plain.toml")
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
