"""`stormproof replay` of a run folder: repeat the same choices and count how often the result is the same."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from stormproof.brokers.programs import find_binary
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.cli import arguments, sweep
from stormproof.cli.progress import Progress
from stormproof.processes import interruption
from stormproof.report import terminal
from stormproof.runs import store
from stormproof.runs.store import Run
from stormproof.spec.description import restored
from stormproof.sweep import sheet


def replay_run(
    folder: Path,
    description: Path,
    times: int,
    runs: Path,
    console: Console,
    wait: Callable[[Coroutine[Any, Any, list[Run]]], list[Run]],
) -> int:
    """Repeat a run with its stored choices, print how often it was reproduced, and return the exit code."""
    stored = store.load(folder)
    job = Job(
        scenario=stored.scenario,
        system=restored(stored.system.stored(), description),
        state=stored.state,
        seed=stored.choices.seed,
        choices=stored.choices,
    )
    if stored.judged is None:
        stored = campaign.judge_run(stored, stored.history)
    binary = find_binary()
    with Progress(console, times) as progress:

        def done(job: Job, run: Run) -> None:
            progress.done(job)
            progress.say(terminal.lines(run))

        finished = wait(campaign.conduct_all([job] * times, runs, binary, progress.phase, done))
    same = sum(terminal.same_findings(run, stored) for run in finished)
    console.print(f"reproduced {same}/{times}: {terminal.kinds(stored)}", highlight=False)
    return max(run.judged.status for run in finished if run.judged).exit_code


@click.command("replay")
@click.argument("what")
@arguments.system
@arguments.times
@arguments.lanes(1)
@arguments.runs
def command(what: str, system: Path, times: int, lanes: int, runs: Path) -> int:
    """Replay WHAT and report how often it was reproduced. WHAT is the folder of a run (its stored choices), the folder of a sweep
    (everything that it found broken), or the id of a finding, such as 'worker:HSET(unacked):request:1/kill' (on the system
    of --system).

    A folder from another machine also needs --system, to name the system on this machine.
    """
    folder, console = Path(what), Console()
    if (folder / sheet.FILE).exists():
        return sweep.replay_sweep(folder, system, runs, times, lanes, console, interruption.run)
    if not folder.exists() and ":" in what:
        return sweep.replay_cell(what, system, runs, times, lanes, console, interruption.run)
    return replay_run(folder, system, times, runs, console, interruption.run)
