"""`stormproof explain`: draw the life of the task that went wrong."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from stormproof.cli import arguments
from stormproof.report import drawing
from stormproof.sweep import explain


@click.command("explain")
@arguments.folder
@click.option("--task", "about", help="A submission's key or a task id; by default the one that went wrong.")
@click.option("--cell", help="A finding's id, if FOLDER is a sweep's folder.")
def command(folder: Path, about: str | None, cell: str | None) -> int:
    """Draw the life of the task that went wrong in FOLDER: as text in the terminal, and as SVG next to its history."""
    console = Console()
    path, life = explain.explain(folder, about, cell)
    for line in drawing.as_text(life).splitlines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(str(path), highlight=False, soft_wrap=True)
    return 0
