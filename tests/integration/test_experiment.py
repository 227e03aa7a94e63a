"""Whole runs on real processes: what must be found is found, what is sound is not accused, and every ending is clean."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from stormproof import Injection, Mail, Scenario, State, Workload
from stormproof.brokers.redis.server import find_binary
from stormproof.campaign import catalogue
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.history import FastForward, Quiescence
from stormproof.report.words import doubts, findings
from stormproof.runs import store
from stormproof.runs.store import Run
from stormproof.spec import description
from watching import eventually

ROOT = Path(__file__).parents[2]


def conduct(runs: Path, scenario: Scenario, system: str, state: State = State.IDLE) -> Run:
    job = Job(
        scenario=scenario, system=description.load(ROOT / "system_under_test" / f"{system}.toml"), state=state, seed=1
    )
    (run,) = asyncio.run(
        campaign.conduct_all([job], runs, find_binary(), lambda job, phase: None, lambda job, run: None)
    )
    return run


def named(name: str) -> Scenario:
    return catalogue.load(ROOT / "chaos" / f"{name}.py")


def kinds(run: Run) -> set[str]:
    return {finding.kind for finding in findings(run)}


@pytest.mark.parametrize("system", ["tutorial", "late", "hardened"])
def test_a_calm_run_has_no_finding(tmp_path: Path, system: str) -> None:
    run = conduct(tmp_path, named("calm"), system)
    assert run.judged is not None
    assert findings(run) + doubts(run) == []
    assert run.judged.status is Status.VALID


def test_a_task_in_a_killed_worker_is_lost_and_proved_lost_at_once(tmp_path: Path) -> None:
    run = conduct(tmp_path, named("worker_killed"), "tutorial")
    assert kinds(run) == {"lost"}, doubts(run)
    (lost,) = findings(run)
    ((_, quiescence),) = run.history.of(Quiescence)
    assert quiescence.proved
    assert "exited (-9)" in lost.message
    assert all(0 <= index < len(run.history) for index in lost.evidence)


def test_a_task_that_its_worker_still_has_in_its_books_is_not_called_lost(tmp_path: Path) -> None:
    # The worker needs seconds to notice that its pool process is gone; only then does it say that the task has failed.
    run = conduct(tmp_path, named("child_killed"), "tutorial")
    assert "unreadable" in kinds(run)
    assert "lost" not in kinds(run)


def test_a_message_that_waits_only_for_its_visibility_timeout_is_fast_forwarded(tmp_path: Path) -> None:
    run = conduct(tmp_path, named("worker_killed"), "late")
    assert run.judged is not None
    assert run.judged.status is Status.VALID
    assert run.history.of(FastForward)


def test_a_fault_that_does_not_bite_leaves_the_verdict_unknown(tmp_path: Path) -> None:
    toothless = Scenario(
        name="toothless",
        title="the mail server is silent when nobody sends any more",
        workload=Workload(tasks=1),
        storm=(Injection(fault=Mail(mode="silent"), at_s=1.0, for_s=0.3),),
    )
    run = conduct(tmp_path, toothless, "hardened")
    assert run.judged is not None
    assert run.judged.status is Status.UNKNOWN
    assert [finding.kind for finding in doubts(run)] == ["did_not_bite"]


def components_of(folder: Path) -> list[int]:
    """The processes of ours that keep their output below a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            files = [os.readlink(f"/proc/{process.pid}/fd/1")]
        except OSError:
            continue
        if any(file.startswith(str(folder)) for file in files):
            found.append(process.pid)
    return found


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_cut_short_leaves_nothing_behind_and_its_history_is_judged(
    tmp_path: Path, ending: signal.Signals, code: int
) -> None:
    words = ["run", str(ROOT / "chaos" / "timeout.py"), "--system", str(ROOT / "system_under_test" / "tutorial.toml")]
    command = [sys.executable, "-m", "stormproof", *words, "--runs", str(tmp_path / "runs")]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env) as harness:
        assert eventually(
            lambda: any('"storm"' in path.read_text() for path in tmp_path.glob("runs/*/history.jsonl")), 60
        )
        assert components_of(tmp_path)
        harness.send_signal(ending)
        _, said = harness.communicate(timeout=30)
    assert harness.returncode == code
    assert len(said.strip().splitlines()) == (0 if ending == signal.SIGKILL else 1), said
    assert eventually(lambda: not components_of(tmp_path))
    assert eventually(lambda: not list(temporary.iterdir())), list(temporary.iterdir())
    (folder,) = (tmp_path / "runs").iterdir()
    stored = store.load(folder)
    judged = campaign.judge_run(stored, stored.history).judged
    assert judged is not None
    assert judged.status >= Status.UNKNOWN
