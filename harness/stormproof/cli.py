"""The command `stormproof`: parse, call, map exit codes (0 valid, 1 invalid, 2 unknown, 254 wrong input, 255 our failure)."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import click
import typer
from rich.console import Console

from stormproof import campaign, catalogue, demonstration, standing, store
from stormproof import system as systems
from stormproof.campaign import Job
from stormproof.errors import StormproofError, UsageError
from stormproof.progress import Progress
from stormproof.redis_server import find_binary
from stormproof.report import html, terminal
from stormproof.scenario import State
from stormproof.store import Run
from stormproof.verdict import Status

app = typer.Typer(
    name="stormproof",
    help="Storms for task systems: real processes, real Redis, a recorded history, a proof for every verdict.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
errors = Console(stderr=True)

T = TypeVar("T")
SystemOption = Annotated[Path, typer.Option("--system", help="The system's description.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="Where run folders go.")]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Seed of the run's random choices; drawn and shown if absent.")]


def _wait(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end. SIGTERM cancels as Ctrl-C does, so that everything is stopped on the way out."""

    async def guarded() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    return asyncio.run(guarded())


@app.command("run")
def run_command(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files, or folders of them.", show_default=False)],
    system: SystemOption = Path("stormproof.toml"),
    state: Annotated[State | None, typer.Option("--state", help="Only this state of the worker.")] = None,
    seed: SeedOption = None,
    times: Annotated[int, typer.Option("--times", min=1, help="Run each so many times.")] = 1,
    runs: RunsOption = Path("runs"),
) -> int:
    """Run scenarios on a system, each in all its worker states."""
    description = systems.load(system)
    chosen = [s for path in scenarios for s in (catalogue.load_folder(path) if path.is_dir() else [catalogue.load(path)])]
    first = seed if seed is not None else random.SystemRandom().getrandbits(32)
    jobs = [
        Job(scenario=scenario, system=description, state=each, seed=first + turn)
        for scenario in chosen
        for each in ([state] if state else scenario.states)
        for turn in range(times)
    ]
    return _conduct(jobs, runs, lanes=1)


def _conduct(jobs: list[Job], runs: Path, lanes: int) -> int:
    binary = find_binary()
    with Progress(console, len(jobs)) as progress:

        def done(job: Job, run: Run) -> None:
            progress.done(job)
            progress.say(terminal.lines(run))

        finished = _wait(campaign.conduct_all(jobs, runs, binary, progress.phase, done, lanes))
    return max((run.judged.status for run in finished if run.judged), default=Status.UNKNOWN).exit_code


@app.command("demo")
def demo_command(
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    lanes: Annotated[int, typer.Option("--lanes", min=1, max=8, help="Storms beside each other.")] = 4,
    folder: Annotated[Path, typer.Option("--repository", help="The clone with `chaos/` and `system_under_test/`.")] = Path(),
) -> int:
    """The tutorial system and the hardened one through the same storms: the first must fall, the second must stand."""
    binary = find_binary()
    plan = demonstration.plan(folder, seed if seed is not None else random.SystemRandom().getrandbits(32))
    console.print(demonstration.opening(plan, binary))
    with Progress(console, len(plan)) as progress:
        work = campaign.conduct_all(
            plan, runs, binary, progress.phase, lambda job, run: progress.finished(job, run), lanes
        )
        finished = _wait(work)
    table, status = demonstration.table(finished)
    console.print(table)
    return status


@app.command("replay")
def replay_command(
    folder: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)],
    times: Annotated[int, typer.Option("--times", min=1, help="How often.")] = 1,
    runs: RunsOption = Path("runs"),
) -> int:
    """Run a stored run again, with its stored choices, and say how often its verdict was reproduced."""
    stored = store.load(folder)
    job = Job(
        scenario=stored.scenario, system=stored.system, state=stored.state, seed=stored.choices.seed, choices=stored.choices
    )
    if stored.judged is None:
        stored = campaign.judge_run(stored, stored.history)
    binary = find_binary()
    with Progress(console, times) as progress:

        def done(job: Job, run: Run) -> None:
            progress.done(job)
            progress.say(terminal.lines(run))

        finished = _wait(campaign.conduct_all([job] * times, runs, binary, progress.phase, done))
    same = sum(terminal.same_findings(run, stored) for run in finished)
    console.print(f"reproduced {same}/{times}: {terminal.kinds(stored)}", highlight=False)
    return max(run.judged.status for run in finished if run.judged).exit_code


@app.command("analyze")
def analyze_command(folder: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)]) -> int:
    """Judge a stored history again; that of a crashed run, too."""
    run = store.load(folder)
    run = campaign.judge_run(run, run.history)
    console.print("\n".join(terminal.lines(run)), highlight=False, markup=False)
    return run.judged.status.exit_code if run.judged else Status.UNKNOWN.exit_code


@app.command("report")
def report_command(folder: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)]) -> int:
    """Write `report.html` of a stored run again, and say where it is."""
    run = store.load(folder)
    path = folder / "report.html"
    path.write_text(html.render(run), encoding="utf-8")
    console.print(str(path), highlight=False, soft_wrap=True)
    return 0


@app.command("up")
def up_command(
    system: SystemOption = Path("stormproof.toml"),
    runs: RunsOption = Path("runs"),
) -> int:
    """Start a system for poking at by hand; print its addresses; stop everything on Ctrl-C."""
    description = systems.load(system)
    binary = find_binary()
    try:
        _wait(standing.up(description, binary, runs, lambda line: console.print(line, highlight=False, soft_wrap=True)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("stopped")
    return 0


def main() -> None:
    """Entry point. Every error on purpose is one line on standard error."""
    try:
        code = app(standalone_mode=False)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        code = _complain(error.format_message(), UsageError.exit_code)
    except (KeyboardInterrupt, click.Abort):
        code = _complain("stopped by Ctrl-C; everything that was started is stopped", 130)
    except asyncio.CancelledError:
        code = _complain("stopped by SIGTERM; everything that was started is stopped", 143)
    except Exception as error:
        meant = _meant(error)
        if meant is None:
            raise
        code = _complain(str(meant), meant.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _meant(error: BaseException) -> StormproofError | None:
    """The error that we raised on purpose, also from inside a group of tasks."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := _meant(inner))), None)
    return error if isinstance(error, StormproofError) else None


def _complain(message: str, code: int) -> int:
    errors.print(f"stormproof: {message}", highlight=False, markup=False, soft_wrap=True)
    return code
