"""`stormproof analyze`: judge a stored history again."""

from __future__ import annotations

from pathlib import Path

import click

from stormproof.campaign import conduct as campaign
from stormproof.checks.verdict import Status
from stormproof.cli import arguments, telling
from stormproof.cli.telling import Telling
from stormproof.report import terminal
from stormproof.runs import store


@click.command("analyze")
@arguments.folder
@telling.options
def command(folder: Path, told: Telling) -> int:
    """Judge a stored history again, including that of a crashed run."""
    run = store.load(folder)
    run = campaign.judge_run(run, run.history)
    told.add(run)
    told.console.print("\n".join(terminal.lines(run)), highlight=False, markup=False, soft_wrap=True)
    return run.judged.status.exit_code if run.judged else Status.UNKNOWN.exit_code
