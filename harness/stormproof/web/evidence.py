"""A stored sweep as a matrix of links, and the evidence of one of its cells: the task's life and the slice of the history."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from stormproof.errors import RunFolderError
from stormproof.report.sequence import Life
from stormproof.sweep import explain as explaining
from stormproof.sweep import sheet as sheets
from stormproof.sweep.outcome import BROKEN, MEANINGS, Word
from stormproof.sweep.sheet import Result, Sheet
from stormproof.web.stored import opened, reading


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the matrix. `id` is empty if the fault is impossible at that point, `word` if the cell was not played yet."""

    id: str
    word: str = ""

    @property
    def looks(self) -> str:
        """How bad the outcome is: "broken", "unknown", "intact" or "other"."""
        if self.word in BROKEN:
            return "broken"
        return self.word if self.word in (Word.INTACT, Word.UNKNOWN) else "other"


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """`rows`: a fault point's name, and a cell for each fault. `deeper`: cells with a second fault. `tally`: word, count, meaning."""

    faults: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    deeper: tuple[Cell, ...]
    tally: tuple[tuple[str, int, str], ...]


def matrix(sheet: Sheet) -> Matrix:
    """Return all cells of a sweep in the order of a task's life."""
    planned = frozenset(sheet.cells)
    rows = tuple(
        (point.name, tuple(_cell(sheet, planned, f"{point.name}/{fault}") for fault in sheet.faults))
        for point in sheet.points
    )
    shown = {cell.id for _, cells in rows for cell in cells}
    deeper = tuple(_cell(sheet, planned, cell) for cell in sheet.results if cell not in shown)
    tally = tuple((word.value, count, MEANINGS[word]) for word, count in sheet.tally.items())
    return Matrix(faults=sheet.faults, rows=rows, deeper=deeper, tally=tally)


def _cell(sheet: Sheet, planned: frozenset[str], cell: str) -> Cell:
    if cell in sheet.results:
        return Cell(id=cell, word=sheet.results[cell].outcome.word.value)
    return Cell(id=cell if cell in planned else "")


def load(folder: Path) -> Sheet:
    """Load the sheet of a sweep. Raises RunFolderError."""
    with reading(folder):
        return sheets.load(folder / sheets.FILE)


def lane(folder: Path, result: Result) -> Path:
    """Load the history with a cell's evidence. Raises RunFolderError if its folder does not belong to the sweep, or if the
    history is not a regular file."""
    try:
        with os.scandir(folder) as inside:
            known = {one.name for one in inside if one.is_dir(follow_symlinks=False)}
    except OSError as error:
        raise RunFolderError(f"{folder.name}: cannot be read: {error.strerror}") from error
    if result.lane not in known:
        raise RunFolderError(f"{folder.name}: there is no lane {result.lane!r} in it")
    history = folder / result.lane / "history.jsonl"
    opened(history).close()
    return history


def life(folder: Path, result: Result) -> Life:
    """Return the life of the task that met a cell's fault. Raises RunFolderError, or UsageError if the slice contains no task."""
    lane(folder, result)
    with reading(folder):
        return explaining.told(folder, None, result.cell)[1]
