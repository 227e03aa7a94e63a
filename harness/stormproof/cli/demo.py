"""`stormproof demo`: run the same storms on two systems and print one table."""

from __future__ import annotations

import random
from pathlib import Path

import click
from rich import box
from rich.table import Table
from rich.text import Text

from stormproof.brokers.programs import find_binary
from stormproof.campaign import catalogue
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.cli import arguments
from stormproof.cli import telling as tellings
from stormproof.cli.progress import Progress
from stormproof.cli.telling import Telling
from stormproof.processes import interruption
from stormproof.report.words import replay, tally, telling
from stormproof.runs.store import Run
from stormproof.spec import description
from stormproof.spec.tables import Binary

_FALLS, _STANDS = "tutorial", "hardened"
_STYLES = {Status.VALID: "green", Status.INVALID: "bold red", Status.UNKNOWN: "yellow"}


def plan(repository: Path, seed: int) -> list[Job]:
    """Return all runs of the demonstration, the longest first. Raises ScenarioError or DescriptionError outside a clone."""
    pair = [description.load(repository / "system_under_test" / f"{name}.toml") for name in (_FALLS, _STANDS)]
    scenarios = [scenario for scenario in catalogue.load_folder(repository / "chaos") if not scenario.calm]
    jobs = [
        Job(scenario=scenario, system=system, state=state, seed=seed)
        for scenario in scenarios
        for state in scenario.demo_states or scenario.states
        for system in pair
    ]
    return sorted(jobs, key=lambda job: -max((i.at_s + i.for_s for i in job.scenario.storm), default=0))


def opening(jobs: list[Job], binary: Binary) -> str:
    """Print what is about to happen."""
    storms = len(jobs) // 2
    return (
        f"{storms} storms on two systems, the {_FALLS} one and the {_STANDS} one: real workers, a real API, real e-mail, "
        f"and Redis {binary.version} ({binary.path}). About five minutes."
    )


def evidence(runs: list[Run]) -> list[str]:
    """Print, for each run that failed, what happened, the main findings, the cure and the replay line."""
    lines = []
    for run in _ordered(runs):
        if run.judged is None or run.judged.status is Status.VALID:
            continue
        lines += ["", f"{run.title} on {run.system.name}: {run.scenario.title}"]
        lines += [f"    {line}" for line in telling(run, most=2)]
        lines += [f"    cure: {run.scenario.cure}"] if run.scenario.cure else []
        lines.append(f"    replay: {replay(run)}")
    return lines


def table(runs: list[Run]) -> Table:
    """Build the table: one row per storm, one column per system.

    Each cell has the verdict, the counts of lost, doubled, stuck, slow and wrong, and the seconds.
    """
    rows = Table("storm", _FALLS, _STANDS, title="The storms", box=box.SIMPLE_HEAD)
    by_storm: dict[str, dict[str, Run]] = {}
    for run in _ordered(runs):
        by_storm.setdefault(run.title, {})[run.system.name] = run
    for storm, pair in by_storm.items():
        rows.add_row(Text(storm), *(_cell(pair[name]) if name in pair else Text("-") for name in (_FALLS, _STANDS)))
    return rows


def _cell(run: Run) -> Text:
    if run.judged is None:
        return Text("not judged")
    text = Text(run.judged.status.word, style=_STYLES[run.judged.status])
    return text.append(f"  {tally(run)}  {run.judged.seconds:.0f} s".replace("    ", "  "), style="default not bold")


def _ordered(runs: list[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: (run.title, run.system.name != _FALLS))


def blame(run: Run) -> Status:
    """Return how bad a run is for the demonstration: one system must pass, and the other must fail."""
    status = run.judged.status if run.judged else Status.UNKNOWN
    if run.system.name != _FALLS:
        return status
    return Status.VALID if status is Status.INVALID else Status.UNKNOWN


def ending(runs: list[Run]) -> tuple[int, str]:
    """Return the exit code and the last line. The code is 0 if one system failed in every storm and the other passed in every one."""
    fell = [run for run in runs if run.system.name == _FALLS and run.judged and run.judged.status is Status.INVALID]
    storms = [run for run in runs if run.system.name == _FALLS]
    stood = [run for run in runs if run.system.name == _STANDS and run.judged and run.judged.status is Status.VALID]
    defended = [run for run in runs if run.system.name == _STANDS]
    said = f"{_FALLS} fell in {len(fell)} of {len(storms)} storms; {_STANDS} stood in {len(stood)} of {len(defended)}."
    return (0 if runs and len(fell) == len(storms) and len(stood) == len(defended) else 1), said


@click.command("demo")
@arguments.seed
@arguments.runs
@arguments.lanes(3)
@click.option(
    "--repository",
    type=click.Path(path_type=Path),
    default=".",
    help="The clone with `chaos/` and `system_under_test/`.",
)
@tellings.options
def command(seed: int | None, runs: Path, lanes: int, repository: Path, told: Telling) -> int:
    """Run the tutorial system and the hardened system through the same storms: the first must fail, the second must pass."""
    binary = find_binary()
    jobs = plan(repository, seed if seed is not None else random.SystemRandom().getrandbits(32))
    told.blame, told.files = blame, catalogue.files([job.scenario for job in jobs], repository / "chaos")
    told.console.print(opening(jobs, binary), highlight=False, soft_wrap=True)
    with Progress(told.console, len(jobs)) as progress:

        def done(job: Job, run: Run) -> None:
            told.add(run)
            progress.finished(job, run)

        finished = interruption.run(campaign.conduct_all(jobs, runs, binary, progress.phase, done, lanes))
    for line in evidence(finished):
        told.console.print(line, highlight=False, markup=False, soft_wrap=True)
    told.console.print(table(finished))
    code, last = ending(finished)
    told.console.print(last, highlight=False)
    return code
