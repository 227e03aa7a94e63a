"""The command `stormproof`: parse, call, map exit codes (0 valid, 1 invalid, 2 unknown, 254 wrong input, 255 our failure)."""

from __future__ import annotations

import asyncio
import random
import sys
import traceback
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from stormproof.brokers.redis.server import find_binary
from stormproof.campaign import catalogue
from stormproof.campaign import conduct as campaign
from stormproof.campaign import explain as explaining
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.cli import arguments, telling
from stormproof.cli import bisect as bisecting
from stormproof.cli import compare as contrasting
from stormproof.cli import demo as demonstration
from stormproof.cli import matrix as comparing
from stormproof.cli import prove as proving
from stormproof.cli import replay as replaying
from stormproof.cli import run as running
from stormproof.cli import serial as serializing
from stormproof.cli import serve as serving
from stormproof.cli import shrink as shrinking
from stormproof.cli import sweep as sweeping
from stormproof.cli import up as standing
from stormproof.cli.progress import Progress
from stormproof.cli.telling import Telling
from stormproof.errors import StormproofError, UsageError, on_purpose
from stormproof.processes import interruption
from stormproof.report import drawing, html, terminal, words
from stormproof.report.github import Tamed
from stormproof.runs import store
from stormproof.runs.store import Run
from stormproof.spec import description
from stormproof.sweep import cells, sheet

console = Console()
errors = Console(stderr=True)


@click.group()
@click.version_option(package_name="stormproof")
def app() -> None:
    """Storms for task systems: real processes, real Redis, a recorded history, a proof for every verdict."""


@app.command("demo")
@arguments.seed
@arguments.runs
@arguments.lanes(3)
@click.option(
    "--repository",
    type=click.Path(path_type=Path),
    default=".",
    help="The clone with `chaos/` and `system_under_test/`.",
)
@telling.options
def demo_command(seed: int | None, runs: Path, lanes: int, repository: Path, told: Telling) -> int:
    """The tutorial system and the hardened one through the same storms: the first must fall, the second must stand."""
    binary = find_binary()
    plan = demonstration.plan(repository, seed if seed is not None else random.SystemRandom().getrandbits(32))
    told.blame, told.files = demonstration.blame, catalogue.files([job.scenario for job in plan], repository / "chaos")
    told.console.print(demonstration.opening(plan, binary), highlight=False, soft_wrap=True)
    with Progress(told.console, len(plan)) as progress:

        def done(job: Job, run: Run) -> None:
            told.add(run)
            progress.finished(job, run)

        finished = interruption.run(campaign.conduct_all(plan, runs, binary, progress.phase, done, lanes))
    for line in demonstration.evidence(finished):
        told.console.print(line, highlight=False, markup=False, soft_wrap=True)
    told.console.print(demonstration.table(finished))
    code, last = demonstration.ending(finished)
    told.console.print(last, highlight=False)
    return code


@app.command("prove")
@click.argument("file", type=click.Path(path_type=Path), default="tests/planted/prove.toml")
@click.option("--only", multiple=True, help="Only this mistake, sound system or guilty twin; may be given often.")
@click.option(
    "--half",
    type=click.Choice(proving.HALVES),
    help="Only the mistakes planted into the one system, or only the sound systems and their guilty twins.",
)
@click.option(
    "--sound",
    type=click.IntRange(min=0),
    help="Only so many runs of sound systems, far apart in the list, and as large a part of the twins.",
)
@click.option("--sample", is_flag=True, help="Of the sound systems, only the few that stand for all, and no twins.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the tables there, too, as Markdown.")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path(".stormproof"), help="Where the environments are kept."
)
@arguments.seed
@arguments.lanes(3)
@arguments.runs
def prove_command(file: Path, seed: int | None, runs: Path, lanes: int, **options: Any) -> int:
    """Prove the harness: each mistake of FILE, planted into a sound system, must be caught by the finding that it names, and no sound
    system may be accused.
    """
    drawn = seed if seed is not None else random.SystemRandom().getrandbits(32)
    how = proving.Options(file=file, seed=drawn, lanes=lanes, runs=runs, **options)
    return proving.prove(how, console, interruption.run)


@app.command("sweep")
@arguments.system
@arguments.allow_host
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
@click.option("--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML, a case for each cell.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with the sweep in this folder.")
@arguments.seed
@arguments.lanes(6)
@arguments.runs
def sweep_command(**options: Any) -> int:
    """Every fault point of a task's life, with every fault, once each."""
    arguments.warn(options["allowed"], console)
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
@arguments.times
@arguments.lanes(4)
@arguments.runs
def matrix_command(row: str | None, package: str, path: Path, cache: Path, times: int, **options: Any) -> int:
    """The same storms on several versions of Celery, against what is expected of each."""
    if row is not None:
        return bisecting.bisect(path, row, package, times, options["runs"], cache, console, interruption.run)
    return comparing.compare(path, times=times, cache=cache, console=console, wait=interruption.run, **options)


@app.command("replay")
@click.argument("what")
@arguments.system
@arguments.times
@arguments.lanes(1)
@arguments.runs
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
@arguments.folder
@click.option("--finding", help="The kind of finding that must remain; the worst where absent.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the scenario goes; beside the run where absent.")
@arguments.lanes(3)
@arguments.runs
def shrink_command(folder: Path, finding: str | None, out: Path | None, lanes: int, runs: Path) -> int:
    """Find the smallest storm that still fails as the run FOLDER did (4 times of 5), and write it as a scenario file."""
    return shrinking.shrink_folder(folder, finding, out, lanes, runs, console, interruption.run)


@app.command("analyze")
@arguments.folder
@telling.options
def analyze_command(folder: Path, told: Telling) -> int:
    """Judge a stored history again; that of a crashed run, too."""
    run = store.load(folder)
    run = campaign.judge_run(run, run.history)
    told.add(run)
    told.console.print("\n".join(terminal.lines(run)), highlight=False, markup=False, soft_wrap=True)
    return run.judged.status.exit_code if run.judged else Status.UNKNOWN.exit_code


@app.command("report")
@arguments.folder
def report_command(folder: Path) -> int:
    """Write `report.html` of a stored run again, and say where it is."""
    run = store.load(folder)
    path = folder / "report.html"
    store.write_text(path, html.render(run))
    console.print(str(path), highlight=False, soft_wrap=True)
    return 0


@app.command("explain")
@arguments.folder
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
@arguments.system
@arguments.allow_host
@click.option("--steer", type=click.Path(path_type=Path), help="A Unix socket by which another process steers it.")
@arguments.runs
def up_command(system: Path, allowed: tuple[str, ...], steer: Path | None, runs: Path) -> int:
    """Start a system for poking at by hand; print its addresses; stop everything on Ctrl-C."""
    described = description.load(system, allowed=arguments.warn(allowed, console))
    binary = find_binary()
    try:
        interruption.run(
            standing.up(
                described, binary, runs, lambda line: console.print(line, highlight=False, soft_wrap=True), steer
            )
        )
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("stopped")
    return 0


for command in (contrasting.command, running.command, serializing.command, serving.command):
    app.add_command(command)


def main() -> None:
    """Entry point. Every error on purpose is one line on standard error; a traceback is of our own failure, 255.

    Where GitHub's runner reads along, no line is a command to it but our own annotations.
    """
    streams = sys.stdout, sys.stderr
    tamed = (Tamed(sys.stdout), Tamed(sys.stderr)) if telling.on_github() else ()
    if tamed:
        sys.stdout, sys.stderr = tamed
    try:
        code = _run()
    except Exception:
        traceback.print_exc()
        code = StormproofError.exit_code
    finally:
        for stream in tamed:
            stream.finish()
        sys.stdout, sys.stderr = streams
    sys.exit(code)


def _run() -> int:
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
    return code if isinstance(code, int) else 0


def _complain(message: str, code: int) -> int:
    errors.print(f"stormproof: {words.one_line(message)}", highlight=False, markup=False, soft_wrap=True)
    return code


if __name__ == "__main__":
    main()
