"""`stormproof explain`: the life of the task that went wrong, drawn."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from stormproof.cli import arguments
from stormproof.report import drawing
from stormproof.sweep import explain


@click.command("explain")
@arguments.folder
@click.option("--task", "about", help="Which: a submission's key, or a task id; the one that went wrong where absent.")
@click.option("--cell", help="A finding's id, where FOLDER is that of a sweep.")
def command(folder: Path, about: str | None, cell: str | None) -> int:
    """Draw the life of the one task that went wrong in FOLDER, here as text and beside its history as SVG."""
    console = Console()
    path, life = explain.explain(folder, about, cell)
    for line in drawing.as_text(life).splitlines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(str(path), highlight=False, soft_wrap=True)
    return 0
