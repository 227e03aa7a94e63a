"""The results of a sweep so far: its points, cells and outcomes, in a folder with the histories that are the evidence."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from stormproof.errors import RunFolderError
from stormproof.processes import packages
from stormproof.runs import store
from stormproof.spec.system import System
from stormproof.spec.tables import Binary
from stormproof.sweep.cells import Cell, second_cells
from stormproof.sweep.outcome import BROKEN, Outcome, Word
from stormproof.sweep.points import Point

FILE = "sweep.json"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One cell that was played. `reached`: the task's life reached the fault point.

    `lane`: the folder of the history; `first` to `last` (exclusive): the events in it that are the evidence. `recovery`: the
    points of the task's life after the fault's bite.
    """

    cell: str
    outcome: Outcome
    reached: bool
    lane: str
    first: int
    last: int
    seconds: float
    recovery: tuple[Point, ...] = ()


class Sheet(msgspec.Struct, kw_only=True):
    """`sweep.json`."""

    system: Any
    points: tuple[Point, ...]
    faults: tuple[str, ...]
    cells: tuple[str, ...]
    results: dict[str, Result]
    seed: int
    redis: Binary
    versions: dict[str, str]
    began: str

    @property
    def name(self) -> str:
        """The name of the system."""
        return str(self.system["name"])

    @property
    def left(self) -> list[Cell]:
        """The cells that have not been played yet."""
        return [Cell.parse(cell) for cell in self.cells if cell not in self.results]

    @property
    def tally(self) -> dict[Word, int]:
        """How many cells have each outcome, the worst first."""
        count = Counter(result.outcome.word for result in self.results.values())
        return {word: count[word] for word in Word if count[word]}

    @property
    def first_order(self) -> list[Result]:
        """The results of the cells with one fault, in the order of the plan."""
        return [self.results[cell] for cell in self.cells if cell in self.results and ">" not in cell]

    def broken(self) -> list[Result]:
        """The broken results, the worst first."""
        found = [result for result in self.results.values() if result.outcome.word in BROKEN]
        order = list(Word)
        return sorted(found, key=lambda result: (order.index(result.outcome.word), result.cell))


def new(
    system: System, points: tuple[Point, ...], faults: tuple[str, ...], cells: list[Cell], seed: int, redis: Binary
) -> Sheet:
    """Return a sheet without results."""
    return Sheet(
        system=system.stored(),
        points=points,
        faults=faults,
        cells=tuple(cell.id for cell in cells),
        results={},
        seed=seed,
        redis=redis,
        versions=packages.of(),
        began=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )


def save(folder: Path, sheet: Sheet) -> None:
    """Write the sheet atomically. Raises RunFolderError."""
    store.write(folder, FILE, sheet)


def load(path: Path) -> Sheet:
    """Read a sheet from its folder or file. Raises RunFolderError."""
    file = path / FILE if path.is_dir() else path
    try:
        return msgspec.json.decode(file.read_bytes(), type=Sheet)
    except OSError as error:
        raise RunFolderError(f"{path}: not a sweep's folder: {error.strerror} ({file})") from error
    except msgspec.DecodeError as error:
        raise RunFolderError(f"{file}: cannot be read: {error}") from error


def second_order(sheet: Sheet, broker: str) -> tuple[list[Cell], int, int]:
    """Return the cells with a second fault during the recovery from a first, and how many first cells were left out.

    The two counts: because another cell had left the same state, and because nothing of the task was left to strike (or the
    fault had not bitten). Two first faults have left the same state if the task's further life on the wire and its outcome
    are the same.
    """
    seen: set[tuple[object, ...]] = set()
    planned: list[Cell] = []
    same = nothing = 0
    for result in sheet.first_order:
        state = (result.outcome.word, result.outcome.also, result.recovery)
        if result.outcome.word is Word.UNKNOWN or not result.recovery:
            nothing += 1
        elif state in seen:
            same += 1
        else:
            seen.add(state)
            planned += second_cells(Cell.parse(result.cell), result.recovery, sheet.faults, broker)
    return planned, same, nothing


def compare(sheet: Sheet, baseline: Sheet) -> tuple[list[Result], list[str]]:
    """Return what is worse than in the baseline (and not intact), and the ids of cells that were broken there and no longer are."""
    order = list(Word)
    known = {cell: result.outcome.word for cell, result in baseline.results.items()}
    worse = [
        result
        for cell, result in sheet.results.items()
        if result.outcome.word not in (Word.INTACT, Word.UNKNOWN)
        and order.index(result.outcome.word) < order.index(known.get(cell, Word.INTACT))
    ]
    fixed = [
        cell
        for cell, word in known.items()
        if word in BROKEN and cell in sheet.results and sheet.results[cell].outcome.word not in (*BROKEN, Word.UNKNOWN)
    ]
    return worse, fixed
