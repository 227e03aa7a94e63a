"""`stormproof report`: write the HTML report of a stored run again."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from stormproof.cli import arguments
from stormproof.report import html
from stormproof.runs import store


@click.command("report")
@arguments.folder
def command(folder: Path) -> int:
    """Write `report.html` of a stored run again, and print its path."""
    run = store.load(folder)
    path = folder / "report.html"
    store.write_text(path, html.render(run))
    Console().print(str(path), highlight=False, soft_wrap=True)
    return 0
