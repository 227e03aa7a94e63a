"""Whole runs of the system on RQ: what is sound is not accused, and what a kill leaves is taken care of by RQ itself, at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from stormproof import State
from stormproof.brokers.redis.server import find_binary
from stormproof.campaign import catalogue
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.history import FastForward, Invoked, Probe, Quiescence, Returned
from stormproof.report.words import doubts, findings
from stormproof.runs.store import Run
from stormproof.spec import description

ROOT = Path(__file__).parents[2]


def conduct(runs: Path, scenario: str, state: State = State.IDLE) -> Run:
    system = description.load(ROOT / "system_under_test" / "rq.toml")
    job = Job(scenario=catalogue.load(ROOT / "chaos" / f"{scenario}.py"), system=system, state=state, seed=1)
    (run,) = asyncio.run(
        campaign.conduct_all([job], runs, find_binary(), lambda job, phase: None, lambda job, run: None)
    )
    return run


def test_a_calm_run_has_no_finding(tmp_path: Path) -> None:
    run = conduct(tmp_path, "calm")
    assert run.judged is not None
    assert findings(run) + doubts(run) == []
    assert run.judged.status is Status.VALID


def test_a_job_in_a_killed_worker_is_failed_by_rq_itself_without_the_wait(tmp_path: Path) -> None:
    run = conduct(tmp_path, "worker_killed")
    assert findings(run) + doubts(run) == []
    # The scenario holds the job at place 2; on a busy machine the other worker may have one in hand, too.
    (task_id,) = {
        probe.task_id for _, probe in run.history.of(Probe) if probe.word == "started" and probe.key.endswith("-0002")
    }
    ((_, forward),) = [line for line in run.history.of(FastForward) if task_id in line[1].task_ids]
    assert forward.waited_s == 30 + 60 + 600 + 405
    assert [probe.word for _, probe in run.history.of(Probe) if probe.task_id == task_id] == ["received", "started"]
    asked = {event.op for _, event in run.history.of(Invoked) if event.task_id == task_id}
    read = [event.state for _, event in run.history.of(Returned) if event.op in asked and event.state]
    assert read[-1] == "failed"
    assert all(end.proved for _, end in run.history.of(Quiescence))


def test_a_worker_is_brought_into_the_state_of_running_a_job(tmp_path: Path) -> None:
    run = conduct(tmp_path, "calm", State.RUNNING_LATE)
    assert findings(run) + doubts(run) == []
    assert "stormproof.hold" in {probe.task for _, probe in run.history.of(Probe) if probe.word == "started"}
