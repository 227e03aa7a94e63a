"""`stormproof explain`: which task of a stored run, or of a cell of a sweep, and where its drawing goes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from stormproof.campaign import conduct as campaign
from stormproof.checks.verdict import Finding
from stormproof.errors import UsageError
from stormproof.history import History, Invoked
from stormproof.report import drawing
from stormproof.report.sequence import Life, gone_wrong, tell
from stormproof.runs import store
from stormproof.spec.system import System
from stormproof.sweep import sheet as sheets


def explain(folder: Path, about: str | None, cell: str | None) -> tuple[Path, Life]:
    """Draw a task's life into the folder. Returns the path and the life. Raises UsageError, RunFolderError."""
    chosen, life = told(folder, about, cell)
    name = re.sub("[^A-Za-z0-9_-]", "_", chosen)[:80]  # A system may name its tasks as it likes.
    path = folder / f"explain-{name}.svg"
    store.write_text(path, drawing.as_svg(life))
    return path, life


def told(folder: Path, about: str | None, cell: str | None) -> tuple[str, Life]:
    """Return the chosen task and its life, without drawing. Raises UsageError, RunFolderError."""
    history, findings, broker = _of_sweep(folder, cell) if (folder / sheets.FILE).exists() else _of_run(folder, cell)
    chosen = about or gone_wrong(history, findings) or _first(history)
    if chosen is None:
        raise UsageError(f"{folder}: no task is in its history")
    life = tell(history, chosen, broker=broker)
    if not life.steps:
        raise UsageError(f"{folder}: nothing of {chosen!r} is in its history; name a submission's key or a task id")
    return chosen, life


def _of_run(folder: Path, cell: str | None) -> tuple[History, Iterable[Finding], str]:
    if cell:
        raise UsageError(f"--cell: {folder} is no folder of a sweep")
    run = store.load(folder)
    if run.judged is None:
        run = campaign.judge_run(run, run.history)
    verdicts = run.judged.verdicts if run.judged else ()
    return run.history, [finding for verdict in verdicts for finding in verdict.findings], run.system.broker


def _of_sweep(folder: Path, cell: str | None) -> tuple[History, Iterable[Finding], str]:
    """Return the slice of one cell: its first submission is the one that met the fault."""
    sheet = sheets.load(folder)
    worst = sheet.broken()
    name = cell or (worst[0].cell if worst else None)
    if name is None or name not in sheet.results:
        raise UsageError(
            f"--cell: name a cell of {folder / sheets.FILE}, such as {next(iter(sheet.results), 'none yet')!r}"
        )
    result = sheet.results[name]
    lane = History.load(folder / result.lane / "history.jsonl")
    return History(lane[result.first : result.last]), (), System.model_validate(sheet.system).broker


def _first(history: History) -> str | None:
    return next((event.key for _, event in history.of(Invoked)), None)
