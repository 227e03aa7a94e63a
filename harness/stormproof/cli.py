"""The command `stormproof`: parse, call, map exit codes (0 valid, 1 invalid, 2 unknown, 254 wrong input, 255 our failure)."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from stormproof import (
    bisecting,
    campaign,
    catalogue,
    comparing,
    demonstration,
    explaining,
    interruption,
    proving,
    replaying,
    serializing,
    serving,
    shrinking,
    standing,
    store,
    sweeping,
)
from stormproof import system as systems
from stormproof.campaign import Job
from stormproof.errors import UsageError, on_purpose
from stormproof.loopback import warning
from stormproof.progress import Progress
from stormproof.redis_server import find_binary
from stormproof.report import drawing, html, terminal, words
from stormproof.scenario import State
from stormproof.store import Run
from stormproof.sweep import cells, sheet
from stormproof.verdict import Status

console = Console()
errors = Console(stderr=True)

Command = Callable[..., int]

_system = click.option(
    "--system",
    type=click.Path(path_type=Path),
    default="stormproof.toml",
    show_default=True,
    help="The system's description.",
)
_runs = click.option(
    "--runs", type=click.Path(path_type=Path), default="runs", show_default=True, help="Where run folders go."
)
_seed = click.option("--seed", type=int, default=None, help="Seed of a run's random choices; drawn where absent.")
_times = click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="How often.")
_folder = click.argument("folder", type=click.Path(path_type=Path))


_allow_host = click.option(
    "--allow-host", "allowed", multiple=True, help="A host that the description may name; what that means is printed."
)


def _warn(allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Of each host that was allowed, it is said first what may happen to it."""
    for host in allowed:
        console.print(warning(host), highlight=False, markup=False, soft_wrap=True)
    return allowed


def _lanes(default: int) -> Callable[[Command], Command]:
    return click.option(
        "--lanes", type=click.IntRange(1, 8), default=default, show_default=True, help="Runs beside each other."
    )


@click.group()
@click.version_option(package_name="stormproof")
def app() -> None:
    """Storms for task systems: real processes, real Redis, a recorded history, a proof for every verdict."""


@app.command("run")
@click.argument("scenarios", nargs=-1, type=click.Path(path_type=Path))
@_system
@_allow_host
@click.option("--storm", "storm_s", type=click.FloatRange(min=3), help="A random storm of so many seconds.")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only this state of the worker.")
@click.option("--disarmed", is_flag=True, help="A control: no fault strikes; 0 if all that plans one is unknown.")
@_seed
@_times
@_lanes(1)
@_runs
def run_command(
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
) -> int:
    """Run SCENARIOS (files, or folders of them), or a random storm, on a system, each in all its worker states."""
    description = systems.load(system, allowed=_warn(allowed))
    chosen = [
        s for path in scenarios for s in (catalogue.load_folder(path) if path.is_dir() else [catalogue.load(path)])
    ]
    first = seed if seed is not None else random.SystemRandom().getrandbits(32)
    if storm_s is not None:
        from stormproof import random_storm  # noqa: PLC0415 - Hypothesis takes half a second to import.

        chosen.append(random_storm.draw(description, storm_s, first))
    if not chosen:
        raise UsageError("run what? Name a scenario file, such as chaos/worker_killed.py, or --storm SECONDS")
    jobs = [
        Job(scenario=scenario, system=description, state=each, seed=first + turn, armed=not disarmed)
        for scenario in chosen
        for each in ([State(state)] if state else scenario.states)
        for turn in range(times)
    ]
    finished = _conduct(jobs, runs, lanes)
    if disarmed:
        wrong = campaign.control(finished)
        console.print(
            "\n".join([*wrong, f"{len(finished) - len(wrong)} of {len(finished)} controls are as they must be."])
        )
        return int(bool(wrong))
    return max((run.judged.status for run in finished if run.judged), default=Status.UNKNOWN).exit_code


def _conduct(jobs: list[Job], runs: Path, lanes: int) -> list[Run]:
    binary = find_binary()
    with Progress(console, len(jobs)) as progress:

        def done(job: Job, run: Run) -> None:
            progress.done(job)
            progress.say(terminal.lines(run))

        return interruption.run(campaign.conduct_all(jobs, runs, binary, progress.phase, done, lanes))


@app.command("demo")
@_seed
@_runs
@_lanes(3)
@click.option(
    "--repository",
    type=click.Path(path_type=Path),
    default=".",
    help="The clone with `chaos/` and `system_under_test/`.",
)
def demo_command(seed: int | None, runs: Path, lanes: int, repository: Path) -> int:
    """The tutorial system and the hardened one through the same storms: the first must fall, the second must stand."""
    binary = find_binary()
    plan = demonstration.plan(repository, seed if seed is not None else random.SystemRandom().getrandbits(32))
    console.print(demonstration.opening(plan, binary))
    with Progress(console, len(plan)) as progress:
        work = campaign.conduct_all(plan, runs, binary, progress.phase, progress.finished, lanes)
        finished = interruption.run(work)
    for line in demonstration.evidence(finished):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(demonstration.table(finished))
    code, last = demonstration.ending(finished)
    console.print(last, highlight=False)
    return code


@app.command("prove")
@click.argument("file", type=click.Path(path_type=Path), default="tests/planted/prove.toml")
@click.option("--only", multiple=True, help="Only this mistake; may be given often.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the table there, too, as Markdown.")
@_seed
@_lanes(3)
@_runs
def prove_command(file: Path, only: tuple[str, ...], out: Path | None, seed: int | None, lanes: int, runs: Path) -> int:
    """Prove the harness: each mistake of FILE, planted into a sound system, must be caught by the finding that it names."""
    drawn = seed if seed is not None else random.SystemRandom().getrandbits(32)
    return proving.prove(file, only, out, drawn, lanes, runs, console, interruption.run)


@app.command("sweep")
@_system
@_allow_host
@click.option("--component", "components", multiple=True, help="Only the links of this component; may be given often.")
@click.option("--faults", default=",".join(cells.USUAL), help=f"Which, with commas: {', '.join(cells.FAULTS)}.")
@click.option("--point", "only", multiple=True, help="Only points whose name begins so; may be given often.")
@click.option(
    "--depth",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="2: a second fault in the recovery from each.",
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="An earlier sweep: fail only on what is worse than there."
)
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with the sweep in this folder.")
@_seed
@_lanes(6)
@_runs
def sweep_command(**options: Any) -> int:
    """Every fault point of a task's life, with every fault, once each."""
    _warn(options["allowed"])
    return sweeping.sweep(sweeping.Options(**options), console, interruption.run)


@app.command("matrix")
@click.option("--file", "path", type=click.Path(path_type=Path), default=Path("matrix.toml"), show_default=True)
@click.option("--only", multiple=True, help="A row or a group of rows; all where absent.")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path(".stormproof"), help="Where the environments are kept."
)
@click.option("--bisect", "row", help="Find the release of a package in which this row's verdict changed.")
@click.option("--package", default="celery", show_default=True, help="Which package --bisect tries releases of.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the tables to this file as Markdown.")
@_times
@_lanes(4)
@_runs
def matrix_command(row: str | None, package: str, path: Path, cache: Path, times: int, **options: Any) -> int:
    """The same storms on several versions of Celery, against what is expected of each."""
    if row is not None:
        return bisecting.bisect(path, row, package, times, options["runs"], cache, console, interruption.run)
    return comparing.compare(path, times=times, cache=cache, console=console, wait=interruption.run, **options)


@app.command("replay")
@click.argument("what")
@_system
@_times
@_lanes(1)
@_runs
def replay_command(what: str, system: Path, times: int, lanes: int, runs: Path) -> int:
    """Play WHAT again and say how often it was reproduced: the folder of a run (its stored choices), the folder of a sweep (all
    that it found broken), or the id of a finding, such as 'worker:HSET(unacked):request:1/kill' (on the system of --system).

    A folder from another machine needs --system, too, to say where the system is here.
    """
    folder = Path(what)
    if (folder / sheet.FILE).exists():
        return sweeping.replay_sweep(folder, system, runs, times, lanes, console, interruption.run)
    if not folder.exists() and ":" in what:
        return sweeping.replay_cell(what, system, runs, times, lanes, console, interruption.run)
    return replaying.replay_run(folder, system, times, runs, console, interruption.run)


@app.command("shrink")
@_folder
@click.option("--finding", help="The kind of finding that must remain; the worst where absent.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the scenario goes; beside the run where absent.")
@_lanes(3)
@_runs
def shrink_command(folder: Path, finding: str | None, out: Path | None, lanes: int, runs: Path) -> int:
    """Find the smallest storm that still fails as the run FOLDER did (4 times of 5), and write it as a scenario file."""
    return shrinking.shrink_folder(folder, finding, out, lanes, runs, console, interruption.run)


@app.command("analyze")
@_folder
def analyze_command(folder: Path) -> int:
    """Judge a stored history again; that of a crashed run, too."""
    run = store.load(folder)
    run = campaign.judge_run(run, run.history)
    console.print("\n".join(terminal.lines(run)), highlight=False, markup=False)
    return run.judged.status.exit_code if run.judged else Status.UNKNOWN.exit_code


@app.command("report")
@_folder
def report_command(folder: Path) -> int:
    """Write `report.html` of a stored run again, and say where it is."""
    run = store.load(folder)
    path = folder / "report.html"
    store.write_text(path, html.render(run))
    console.print(str(path), highlight=False, soft_wrap=True)
    return 0


@app.command("explain")
@_folder
@click.option("--task", "about", help="Which: a submission's key, or a task id; the one that went wrong where absent.")
@click.option("--cell", help="A finding's id, where FOLDER is that of a sweep.")
def explain_command(folder: Path, about: str | None, cell: str | None) -> int:
    """Draw the life of the one task that went wrong in FOLDER, here as text and beside its history as SVG."""
    path, life = explaining.explain(folder, about, cell)
    for line in drawing.as_text(life).splitlines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(str(path), highlight=False, soft_wrap=True)
    return 0


@app.command("up")
@_system
@_allow_host
@click.option("--steer", type=click.Path(path_type=Path), help="A Unix socket by which another process steers it.")
@_runs
def up_command(system: Path, allowed: tuple[str, ...], steer: Path | None, runs: Path) -> int:
    """Start a system for poking at by hand; print its addresses; stop everything on Ctrl-C."""
    description = systems.load(system, allowed=_warn(allowed))
    binary = find_binary()
    try:
        interruption.run(
            standing.up(
                description, binary, runs, lambda line: console.print(line, highlight=False, soft_wrap=True), steer
            )
        )
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("stopped")
    return 0


app.add_command(serializing.command)
app.add_command(serving.command)


def main() -> None:
    """Entry point. Every error on purpose is one line on standard error."""
    try:
        code = app(standalone_mode=False)
    except click.ClickException as error:
        code = _complain(error.format_message(), UsageError.exit_code)
    except (KeyboardInterrupt, click.Abort):
        code = _complain("stopped by Ctrl-C; everything that was started is stopped", 130)
    except asyncio.CancelledError:
        code = _complain("stopped by SIGTERM; everything that was started is stopped", 143)
    except Exception as error:
        meant = on_purpose(error)
        if meant is None:
            raise
        code = _complain(str(meant), meant.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str, code: int) -> int:
    errors.print(f"stormproof: {words.one_line(message)}", highlight=False, markup=False, soft_wrap=True)
    return code


if __name__ == "__main__":
    main()
