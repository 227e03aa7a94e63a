"""Makes runs: plan, run, judge, store, report; one run, or many in parallel lanes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import msgspec

from stormproof.checks import Check, judge
from stormproof.checks.suite import checks_for
from stormproof.checks.verdict import Status
from stormproof.engine import experiment
from stormproof.engine.experiment import Say
from stormproof.errors import ComponentError, on_purpose
from stormproof.history import History
from stormproof.processes.interruption import stop_of_this_task
from stormproof.report import board, html, junit
from stormproof.runs import store
from stormproof.runs.store import Run
from stormproof.spec.choices import Choices
from stormproof.spec.scenario import Scenario, State
from stormproof.spec.system import System
from stormproof.spec.tables import Binary


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run to be made. `choices` None: draw them from the seed. If not `armed`, its faults strike nothing, as a control."""

    scenario: Scenario
    system: System
    state: State
    seed: int
    choices: Choices | None = None
    armed: bool = True

    @property
    def title(self) -> str:
        """The name in progress lines and tables."""
        several = len(self.scenario.states) > 1
        return f"{self.scenario.name}[{self.state}]" if several else self.scenario.name


Watch = Callable[[Job, str], None]
"""Called with the name of each phase of a job as it begins, and with "queued" and "done"."""


async def conduct(
    job: Job,
    runs: Path,
    binary: Binary,
    watch: Watch,
    gate: AbstractAsyncContextManager[object],
    say: Say = lambda line: None,
) -> Run:
    """Make one run and judge it. `gate` is held while the system starts.

    `say` is called with anything that makes the checks weaker on this system. Raises what `experiment.run` raises.
    """
    choices = job.choices or Choices.draw(job.scenario, job.seed)
    folder = store.create(runs, job.scenario, job.system, job.state)
    store.write_plan(folder, job.scenario, job.system, job.state, choices, binary)
    history = await experiment.run(
        job.scenario,
        job.system,
        job.state,
        choices,
        folder,
        binary,
        watch=lambda phase: watch(job, phase),
        gate=gate,
        armed=job.armed,
        say=say,
    )
    return await asyncio.to_thread(judge_run, store.load(folder), history)


def judge_run(run: Run, history: History, checks: Sequence[Check] = ()) -> Run:
    """Judge a history by these checks, or by everything the system promises, and store verdict, report and JUnit in the run's folder."""
    run = with_verdict(run, history, checks)
    write_verdict(run)
    return run


def with_verdict(run: Run, history: History, checks: Sequence[Check] = ()) -> Run:
    """Return the run with its history and the checks' verdicts, without storing anything."""
    verdicts = judge(history, checks or checks_for(run.system, run.scenario))
    return msgspec.structs.replace(run, history=history, judged=store.judged(history, verdicts))


def write_verdict(run: Run) -> None:
    """Store verdict, report and JUnit in the run's folder. Raises RunFolderError."""
    store.write(run.folder, "verdict.json", run.judged)
    store.write_text(run.folder / "report.html", html.render(run))
    store.write_text(run.folder / "junit.xml", junit.render([run]))


def control(finished: Iterable[Run]) -> list[str]:
    """Return a line for each run with disarmed faults that is not `unknown` although it plans a fault."""
    lines = []
    for run in finished:
        plans = bool(run.scenario.planned) or run.scenario.workload.copies > 1
        status = run.judged.status if run.judged else Status.UNKNOWN
        if status is Status.INVALID or (plans and status is Status.VALID):
            lines.append(f"{run.title} on {run.system.name} is {status.word}, and no fault has struck: {run.folder}")
    return lines


def blame_of_control(run: Run) -> Status:
    """Return how bad the result of a run with disarmed faults is."""
    return Status.INVALID if control([run]) else Status.VALID


async def conduct_all(
    jobs: Iterable[Job],
    runs: Path,
    binary: Binary,
    watch: Watch,
    done: Callable[[Job, Run], None],
    lanes: int = 1,
    *,
    skip: bool = False,
    say: Say = lambda line: None,
) -> list[Run]:
    """Run all jobs in order, `lanes` at a time. Only one system starts at a time, because starting takes both cores.

    If a system does not start, the other jobs still run. The first ComponentError is raised at the end, unless such a job may
    be left out (`skip`).
    """
    gate = asyncio.Lock() if lanes > 1 else nullcontext()
    waiting = list(jobs)
    finished: list[Run] = []
    failed: list[ComponentError] = []
    raise_if_told_to_stop = stop_of_this_task()

    async def lane() -> None:
        while waiting:
            job = waiting.pop(0)
            try:
                run = await conduct(job, runs, binary, watch, gate, say)
            except Exception as error:
                raise_if_told_to_stop()
                meant = on_purpose(error)
                if not isinstance(meant, ComponentError):
                    raise
                failed.append(meant)
                continue
            finished.append(run)
            done(job, run)

    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(board.prepare))  # While the first systems start, nothing is timed.
        for _ in range(lanes):
            group.create_task(lane())
    if failed and not skip:
        raise failed[0]
    return finished
