"""One folder among the runs, described only by its `scenario.json`, `verdict.json` and `sweep.json`; histories are never read."""

from __future__ import annotations

import functools
import os
import stat
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from stormproof.history import History
from stormproof.report import words
from stormproof.runs.store import Judged, Run
from stormproof.spec.choices import Choices
from stormproof.spec.scenario import Scenario, State
from stormproof.spec.system import System
from stormproof.sweep.outcome import BROKEN, Word
from stormproof.sweep.sheet import FILE as SHEET

WORDS = ("valid", "unknown", "invalid", "running", "crashed", "unreadable", "no run")
"""All words that may take the place of a verdict."""

PACKAGES = {"celery": "celery", "kombu": "kombu", "rq": "rq", "redis": "redis-py"}
"""The packages by whose releases runs can be filtered: stored name -> displayed name."""

T = TypeVar("T")
Signature = tuple[object, ...]

_FILES = ("scenario.json", "verdict.json", SHEET)
_LARGEST_BYTES = 64 * 1024 * 1024
_STILL_WRITING_S = 15.0
"""A history without a verdict that is older than this belongs to a crashed run, because a run takes samples all the time."""


class _Scenario(msgspec.Struct, frozen=True):
    name: str
    title: str
    states: tuple[State, ...] = (State.IDLE,)
    cure: str = ""


class _Named(msgspec.Struct, frozen=True):
    name: str


class _Plan(msgspec.Struct, frozen=True):
    """The parts of `store.Plan` that a listing needs. The scenario's faults and the description's components are not decoded."""

    scenario: _Scenario
    system: _Named
    state: State
    choices: Choices
    versions: dict[str, str]
    began: str
    components: dict[str, dict[str, str]] = {}


class _Outcome(msgspec.Struct, frozen=True):
    word: Word


class _Result(msgspec.Struct, frozen=True):
    outcome: _Outcome


class _Sheet(msgspec.Struct, frozen=True):
    system: _Named
    cells: tuple[str, ...]
    results: dict[str, _Result]
    versions: dict[str, str]
    began: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the listing. `kind`: "run", "sweep" or "other". `word`: one of WORDS.

    `run` has no history, and its scenario and system are only names, which is enough for `report.words`. `problem`: why the
    folder cannot be read. `versions`: package -> its releases in the components' interpreters. `began_at`: seconds since
    1970.
    """

    name: str
    kind: str
    word: str
    began_at: float
    scenario: str = ""
    title: str = ""
    system: str = ""
    said: str = ""
    problem: str = ""
    versions: dict[str, tuple[str, ...]] = {}
    run: Run | None = None

    @property
    def began(self) -> str:
        """The time when it began, for people."""
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.began_at))


def signature(folder: Path) -> Signature:
    """Return a value that changes when the folder's entry does. Raises OSError if the folder cannot be read."""
    found: list[object] = []
    for name in _FILES:
        try:
            # This is called for thousands of folders at a time, and making a path for each takes longer than the look itself.
            seen = os.lstat(f"{folder}/{name}")
            found.append((seen.st_mtime_ns, seen.st_size, seen.st_ino))
        except FileNotFoundError:
            found.append(None)
    if found[0] is not None and found[1] is None:
        found.append(_is_written_to(folder))
    return tuple(found)


def read(folder: Path) -> Entry:
    """Return the entry of a folder. Never raises: if the folder cannot be read, the entry records why."""
    try:
        if (folder / SHEET).exists():
            return _sweep(folder)
        if (folder / "scenario.json").exists():
            return _run(folder)
        return _other(folder, "no run", "not a run: there is no scenario.json in it")
    except (OSError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return _other(folder, "unreadable", f"cannot be read: {said or type(error).__name__}")


def _other(folder: Path, word: str, problem: str) -> Entry:
    try:
        began_at = folder.lstat().st_mtime
    except OSError:
        began_at = 0.0
    return Entry(name=folder.name, kind="other", word=word, began_at=began_at, problem=problem)


def _run(folder: Path) -> Entry:
    plan = _decoded(folder / "scenario.json", _Plan)
    judged = _decoded(folder / "verdict.json", Judged) if (folder / "verdict.json").exists() else None
    told = plan.scenario
    run = Run(
        folder=folder,
        scenario=Scenario(name=told.name, title=told.title, states=told.states, cure=told.cure),
        system=_named(plan.system.name),
        state=plan.state,
        choices=plan.choices,
        history=History([]),
        judged=judged,
    )
    unjudged = "running" if judged is None and _is_written_to(folder) else "crashed"
    return Entry(
        name=folder.name,
        kind="run",
        word=judged.status.word if judged else unjudged,
        began_at=_seconds(plan.began),
        scenario=told.name,
        title=run.title,
        system=plan.system.name,
        said=words.tally(run) if judged else "",
        versions=_releases(plan.components.values() or [plan.versions]),
        run=run,
    )


@functools.lru_cache(maxsize=256)
def _named(name: str) -> System:
    """Return a system of which only the name is known. Cached, because many runs share a system."""
    return System.model_construct(name=name)


def _sweep(folder: Path) -> Entry:
    sheet = _decoded(folder / SHEET, _Sheet)
    seen = [result.outcome.word for result in sheet.results.values()]
    broken = sum(word in BROKEN for word in seen)
    left = len(sheet.cells) - len(seen)
    undecided = left > 0 or Word.UNKNOWN in seen
    return Entry(
        name=folder.name,
        kind="sweep",
        word="invalid" if broken else "unknown" if undecided else "valid",
        began_at=_seconds(sheet.began),
        scenario="sweep",
        title="sweep",
        system=sheet.system.name,
        said=f"{broken} of {len(seen)} cells broken" + (f", {left} not played" if left > 0 else ""),
        versions=_releases([sheet.versions]),
    )


def _decoded(path: Path, kind: type[T]) -> T:
    """Read a file's JSON. Raises ValueError if it is too large or not a regular file (reading a pipe would never end)."""
    seen = path.lstat()
    if not stat.S_ISREG(seen.st_mode):
        raise ValueError(f"{path.name} is not a file")
    if seen.st_size > _LARGEST_BYTES:
        raise ValueError(f"{path.name} has {seen.st_size} bytes")
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _is_written_to(folder: Path) -> bool:
    try:
        return time.time() - (folder / "history.jsonl").lstat().st_mtime < _STILL_WRITING_S
    except OSError:
        return False


def _seconds(began: str) -> float:
    return datetime.fromisoformat(began).timestamp()


def _releases(interpreters: Iterable[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for known in interpreters:
        for package, release in known.items():
            found.setdefault(package, set()).add(release)
    return {package: tuple(sorted(releases)) for package, releases in sorted(found.items())}
