"""`stormproof replay` of a run folder: the same choices again, and how often they show the same."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console

from stormproof.brokers.redis.server import find_binary
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.cli.progress import Progress
from stormproof.report import terminal
from stormproof.runs import store
from stormproof.runs.store import Run
from stormproof.spec.description import restored


def replay_run(
    folder: Path,
    description: Path,
    times: int,
    runs: Path,
    console: Console,
    wait: Callable[[Coroutine[Any, Any, list[Run]]], list[Run]],
) -> int:
    """Run it as often as asked, with the choices that it has stored; say how often it was reproduced. Returns the exit code."""
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
