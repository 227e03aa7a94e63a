"""A command's machine-readable output: `--junit`, `--summary`, `--json`, and GitHub's annotations and job page."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import click
from rich.console import Console

from stormproof.checks.verdict import Status
from stormproof.errors import RunFolderError, StormproofError, on_purpose
from stormproof.report import github, junit, record, summary
from stormproof.report.github import Tamed
from stormproof.report.junit import Skipped
from stormproof.report.words import one_line
from stormproof.runs import store
from stormproof.runs.store import Run

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_LEAST_ROOM = 1000
_TOO_LARGE = "*A table is left out: no page may be larger.*\n"


def own_status(run: Run) -> Status:
    """Return how bad a run is if it should be valid."""
    return run.judged.status if run.judged else Status.UNKNOWN


class Telling:
    """Writes a command's reports. Use as a context manager around the command and `add` each run as it ends.

    Everything is written at the end, however the command ends. `console` prints text for people; it is standard error if
    standard output is for JSON. `blame` decides how bad a run is, for annotations; a command in which a system must fail
    sets its own. `files`: name of a scenario -> its file. `skipped`: scenarios that do not apply. Raises RunFolderError
    at once if a file cannot be written.
    """

    def __init__(
        self, junit_path: Path | None = None, summary_path: Path | None = None, *, as_json: bool = False
    ) -> None:
        self.console = Console(stderr=as_json)
        self.blame: Callable[[Run], Status] = own_status
        self.files: dict[str, Path] = {}
        self.runs: list[Run] = []
        self.skipped: list[Skipped] = []
        self._junit, self._summary, self._as_json = junit_path, summary_path, as_json
        self._step = step_page()
        check_page()
        for option, path in (("--junit", junit_path), ("--summary", summary_path)):
            if path is not None:
                store.check_writable(path, option)

    def add(self, run: Run) -> None:
        """Add a run that ended."""
        self.runs.append(run)

    def __enter__(self) -> Telling:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._write("")
        elif self.runs:
            meant = on_purpose(error)
            try:
                self._write(one_line(str(meant)) if meant else "it was stopped, or failed")
            except StormproofError:
                pass  # Report what ended the command; a second error would hide it.

    def _write(self, cut_short: str) -> None:
        if self._junit:
            store.write_text(self._junit.resolve(), junit.render(self.runs, self.files, self.skipped))
        if self._summary:
            store.write_text(self._summary.resolve(), summary.render(self.runs, cut_short, skipped=self.skipped))
        if self._step:
            _append(self._step, lambda room: summary.render(self.runs, cut_short, room, self.skipped))
        if self._as_json:
            click.echo(record.render(self.runs))
        stream = sys.stderr if self._as_json else sys.stdout
        annotate([(run, self.blame(run)) for run in self.runs], self.files, stream)


def raw(stream: Any) -> IO[str]:
    """Return the raw stream behind the one that filters GitHub's commands."""
    return stream.raw if isinstance(stream, Tamed) else stream


def in_repository(path: Path | None) -> str:
    """Return a file's path as GitHub wants it, relative to the top of the repository; "" for a file elsewhere."""
    if path is None:
        return ""
    top = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    whole = path.resolve()
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else ""


def annotate(runs: Iterable[tuple[Run, Status]], files: Mapping[str, Path], stream: IO[str]) -> None:
    """On GitHub, print an annotation for each bad run, at its scenario's file."""
    if github.on_github():
        for run, status in runs:
            line = github.annotation(run, status, in_repository(files.get(run.scenario.name)))
            raw(stream).write(f"{line}\n" if line else "")
        raw(stream).flush()


def step_page() -> Path | None:
    """Return the path of the job's page, if GitHub provides one."""
    name = os.environ.get(_STEP_SUMMARY, "")
    return Path(name) if name else None


def check_page() -> None:
    """Check, before anything runs, that the page can be written. Raises RunFolderError."""
    page = step_page()
    if page is not None:
        store.check_writable(page, _STEP_SUMMARY)


def add_to_page(text: str) -> None:
    """On GitHub, add a ready-made table to the job's page, if there is room for it. Raises RunFolderError."""
    page = step_page()
    if page is not None:
        _append(page, lambda room: text if len(text.encode("utf-8", "replace")) <= room else _TOO_LARGE)


def _append(path: Path, make: Callable[[int], str]) -> None:
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            room = summary.LIMIT_BYTES - file.tell() - 1
            before = "\n" if file.tell() else ""  # An earlier writer may not have ended its line.
            file.write(before + make(room) if room > _LEAST_ROOM else "")
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be written: {error.strerror}") from error


def options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the three options to a command. It receives a `Telling` as `told`, which writes the reports when the command returns."""

    @click.option(
        "--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML of all runs to this file."
    )
    @click.option(
        "--summary",
        "summary_path",
        type=click.Path(path_type=Path),
        help="Write all runs and their evidence as Markdown.",
    )
    @click.option(
        "--json", "as_json", is_flag=True, help="Print all runs as JSON, and text for people to standard error."
    )
    @functools.wraps(command)
    def telling(*args: Any, junit_path: Path | None, summary_path: Path | None, as_json: bool, **rest: Any) -> int:
        with Telling(junit_path, summary_path, as_json=as_json) as told:
            return command(*args, told=told, **rest)

    return telling
