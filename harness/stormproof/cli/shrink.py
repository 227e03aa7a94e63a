"""`stormproof shrink`: search with real runs for the smallest failing storm, and write it as a scenario file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from stormproof.brokers.programs import find_binary
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.cli import arguments
from stormproof.errors import UsageError
from stormproof.processes import interruption
from stormproof.report.words import findings, ranked
from stormproof.runs import store
from stormproof.runs.store import Run
from stormproof.search.shrink import Shrunk, shrink
from stormproof.spec import source as scenario_text
from stormproof.spec.scenario import Injection, Scenario, State


def target(run: Run, kind: str | None) -> str:
    """Return the kind of finding that must remain: the requested one, else the worst. Raises UsageError."""
    kinds = ranked({finding.kind for finding in findings(run)})
    if not kinds:
        raise UsageError(f"{run.folder}: found nothing wrong; there is nothing to shrink")
    if kind is not None and kind not in kinds:
        raise UsageError(f"--finding: {run.folder} has no {kind!r}; it has: {', '.join(kinds)}")
    return kind or kinds[0]


async def shrink_run(run: Run, kind: str, runs: Path, lanes: int, say: Callable[[str], None]) -> Shrunk:
    """Find the smallest storm that still shows this kind of finding. Raises ScenarioError, ComponentError."""
    binary, gate = find_binary(), asyncio.Lock()
    numbers = iter(range(run.choices.seed, run.choices.seed + 10_000))

    async def fails(scenario: Scenario) -> bool:
        job = Job(scenario=scenario, system=run.system, state=run.state, seed=next(numbers))
        made = await campaign.conduct(job, runs, binary, lambda job, phase: None, gate)
        shown = any(finding.kind == kind for finding in findings(made))
        say(
            f"    {len(scenario.storm):>2} faults, {scenario.workload.tasks:>3} tasks: {kind if shown else 'not shown'}"
        )
        return shown

    bare = msgspec.structs.replace(run.scenario, states=(State(run.state),), demo_states=(), settle_s=20.0)
    return await shrink(bare, fails, say, lanes=lanes)


def write(shrunk: Shrunk, run: Run, kind: str, path: Path) -> None:
    """Write the scenario as a file."""
    scenario = msgspec.structs.replace(
        shrunk.scenario,
        name=path.stem,
        title="; ".join(map(_words, shrunk.scenario.storm)),
        settle_s=45.0,
    )
    docstring = (
        f"Shrunk from {len(run.scenario.storm)} faults and {run.scenario.workload.tasks} tasks: {kind}.\n\n"
        f"It showed in {shrunk.failed} of {shrunk.runs} runs on {run.system.name}.\n"
    )
    store.write_text(path, scenario_text.as_file(scenario, docstring))


def _words(injection: Injection) -> str:
    """Describe an injection in a few words."""
    when, fault = injection.when, injection.fault
    if when is None:
        return f"{fault.name} of {fault.target or 'the system'}".replace("_", " ")
    does = "sends" if when.direction == "request" else "is answered"
    return f"{fault.name} as {when.component} {does} {when.command}".replace("_", " ")


def load(folder: Path) -> Run:
    """Load the run to shrink, judged. Raises RunFolderError."""
    run = store.load(folder)
    return run if run.judged is not None else campaign.judge_run(run, run.history)


def shrink_folder(
    folder: Path,
    finding: str | None,
    out: Path | None,
    lanes: int,
    runs: Path,
    console: Console,
    wait: Callable[[Coroutine[Any, Any, Shrunk]], Shrunk],
) -> int:
    """Run the whole command. Returns the exit code."""

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    run = load(folder)
    kind = target(run, finding)
    path = out or folder / f"shrunk_{kind}.py"
    say(f"{len(run.scenario.storm)} faults, {run.scenario.workload.tasks} tasks; what must remain: {kind}")
    shrunk = wait(shrink_run(run, kind, runs, lanes, say))
    write(shrunk, run, kind, path)
    say(path.read_text(encoding="utf-8"))
    say(f"{kind} in {shrunk.failed} of {shrunk.runs} runs; {shrunk.made} runs were made; {path}")
    return Status.INVALID.exit_code


@click.command("shrink")
@arguments.folder
@click.option("--finding", help="The kind of finding that must remain; by default the worst.")
@click.option("--out", type=click.Path(path_type=Path), help="The scenario file to write; by default next to the run.")
@arguments.lanes(3)
@arguments.runs
def command(folder: Path, finding: str | None, out: Path | None, lanes: int, runs: Path) -> int:
    """Find the smallest storm that still fails like the run in FOLDER (4 times out of 5), and write it as a scenario file."""
    return shrink_folder(folder, finding, out, lanes, runs, Console(), interruption.run)
