"""`stormproof run`: run scenarios on a system, each in all its worker states."""

from __future__ import annotations

import random
from pathlib import Path

import click

from stormproof.brokers.programs import find_binary
from stormproof.campaign import catalogue
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.cli import arguments, telling
from stormproof.cli.progress import Progress
from stormproof.cli.telling import Telling
from stormproof.errors import UsageError
from stormproof.processes import interruption
from stormproof.report import terminal
from stormproof.report.junit import Skipped
from stormproof.runs.store import Run
from stormproof.spec import description
from stormproof.spec.scenario import Scenario, State, lacks_state, why_not
from stormproof.spec.system import System

NOT_KEYED = (
    "note: no {key} stands in submit.path, .json or .headers, so tasks are known by their ids alone: a submission whose answer is lost is "
    "matched to no task, and no e-mail to its submission; where your API takes a text, put {key} into it"
)


@click.command("run")
@click.argument("scenarios", nargs=-1, type=click.Path(path_type=Path))
@arguments.system
@arguments.allow_host
@click.option("--storm", "storm_s", type=click.FloatRange(min=3), help="A random storm of this many seconds.")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only this worker state.")
@click.option(
    "--disarmed",
    is_flag=True,
    help="Run as a control: no fault strikes. Exit code 0 if every run that plans one is unknown.",
)
@arguments.seed
@arguments.times
@arguments.lanes(1)
@arguments.runs
@telling.options
def command(
    scenarios: tuple[Path, ...],
    system: Path,
    allowed: tuple[str, ...],
    storm_s: float | None,
    state: str | None,
    disarmed: bool,
    seed: int | None,
    times: int,
    lanes: int,
    runs: Path,
    told: Telling,
) -> int:
    """Run SCENARIOS (files, or folders of them), or a random storm, on a system, each in all its worker states."""
    described = description.load(system, allowed=arguments.warn(allowed, told.console))
    chosen = _chosen(scenarios, told)
    first = seed if seed is not None else random.SystemRandom().getrandbits(32)
    if storm_s is not None:
        # Hypothesis takes half a second to import, and comes with an extra.
        from stormproof.search import random_storm  # noqa: PLC0415

        chosen.append(random_storm.draw(described, storm_s, first))
    if not chosen:
        raise UsageError("run what? Name a scenario file, such as chaos/worker_killed.py, or --storm SECONDS")
    chosen = _that_apply(chosen, described, told)
    if not described.submit.keyed:
        _say(told, NOT_KEYED)
    jobs = [
        Job(scenario=scenario, system=described, state=each, seed=first + turn, armed=not disarmed)
        for scenario in chosen
        for each in ([State(state)] if state else scenario.states)
        for turn in range(times)
        if not lacks_state(each, described)
    ]
    if not jobs:
        raise UsageError(lacks_state(State(state) if state else chosen[0].states[0], described))
    if disarmed:
        told.blame = campaign.blame_of_control
    finished = _conduct(jobs, runs, lanes, told)
    if told.skipped:
        _say(
            told,
            f"{len(told.skipped)} of {len(told.skipped) + len(chosen)} scenarios skipped: they do not apply to {described.name}.",
        )
    if disarmed:
        wrong = campaign.control(finished)
        told.console.print(
            "\n".join([*wrong, f"{len(finished) - len(wrong)} of {len(finished)} controls are as they must be."])
        )
        return int(bool(wrong))
    return max((run.judged.status for run in finished if run.judged), default=Status.UNKNOWN).exit_code


def _that_apply(chosen: list[Scenario], system: System, told: Telling) -> list[Scenario]:
    """Return the scenarios whose storm can strike this system; the others are reported. Raises UsageError if none is left."""
    reasons = [(scenario, why_not(scenario.storm, system)) for scenario in chosen]
    told.skipped = [Skipped(scenario.name, system.name, reason) for scenario, reason in reasons if reason]
    left = [scenario for scenario, reason in reasons if not reason]
    told.skipped += [
        Skipped(f"{scenario.name}[{state}]", system.name, reason)
        for scenario in left
        for state in scenario.states
        if (reason := lacks_state(state, system))
    ]
    if not left:
        raise UsageError("; ".join(map(str, told.skipped)))
    for each in told.skipped:
        _say(told, f"skipped: {each}")
    return left


def _say(told: Telling, line: str) -> None:
    told.console.print(line, highlight=False, markup=False, soft_wrap=True)


def _chosen(paths: tuple[Path, ...], told: Telling) -> list[Scenario]:
    """Return the scenarios of all files and folders, and record the file of each."""
    chosen = []
    for path in paths:
        found = catalogue.load_folder(path) if path.is_dir() else [catalogue.load(path)]
        told.files |= catalogue.files(found, path if path.is_dir() else path.parent)
        chosen += found
    return chosen


def _conduct(jobs: list[Job], runs: Path, lanes: int, told: Telling) -> list[Run]:
    binary = find_binary()
    with Progress(told.console, len(jobs)) as progress:
        said: set[str] = set()

        def once(line: str) -> None:
            if line not in said:
                said.add(line)
                progress.say([line])

        def done(job: Job, run: Run) -> None:
            told.add(run)
            progress.done(job)
            progress.say(terminal.lines(run))

        return interruption.run(campaign.conduct_all(jobs, runs, binary, progress.phase, done, lanes, say=once))
