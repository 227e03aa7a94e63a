"""What a command tells besides words: `--junit`, `--summary`, `--json`, and GitHub's annotations and job page."""

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
    """How bad a run is where it is wanted to be valid."""
    return run.judged.status if run.judged else Status.UNKNOWN


class Telling:
    """Use as a context manager around a command; `add` each run as it ends, and all is written at the end, in every ending.

    `console` is for words: standard error where standard output is for JSON. `blame` says how bad a run is, for annotations: a
    command in which a system must fall sets its own. `files`: name of a scenario -> its file. `skipped`: what does not apply.
    Raises RunFolderError at once where a file cannot be written.
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
        """A run ended."""
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
                pass  # What ended the command is told; a second reason would hide it.

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
    """The stream behind the one that lets no command through."""
    return stream.raw if isinstance(stream, Tamed) else stream


def in_repository(path: Path | None) -> str:
    """The name of a file as GitHub wants it: from the top of the repository; "" for one elsewhere."""
    if path is None:
        return ""
    top = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    whole = path.resolve()
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else ""


def annotate(runs: Iterable[tuple[Run, Status]], files: Mapping[str, Path], stream: IO[str]) -> None:
    """On GitHub: an annotation for each run that is so bad, at its scenario's file."""
    if github.on_github():
        for run, status in runs:
            line = github.annotation(run, status, in_repository(files.get(run.scenario.name)))
            raw(stream).write(f"{line}\n" if line else "")
        raw(stream).flush()


def step_page() -> Path | None:
    """The page of the job, where GitHub gives one."""
    name = os.environ.get(_STEP_SUMMARY, "")
    return Path(name) if name else None


def check_page() -> None:
    """See, before anything runs, that the page can be written. Raises RunFolderError."""
    page = step_page()
    if page is not None:
        store.check_writable(page, _STEP_SUMMARY)


def add_to_page(text: str) -> None:
    """On GitHub: a table that was made elsewhere, on the job's page, if there is room for it. Raises RunFolderError."""
    page = step_page()
    if page is not None:
        _append(page, lambda room: text if len(text.encode("utf-8", "replace")) <= room else _TOO_LARGE)


def _append(path: Path, make: Callable[[int], str]) -> None:
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            room = summary.LIMIT_BYTES - file.tell() - 1
            before = "\n" if file.tell() else ""  # Whoever wrote before us may not have ended the line.
            file.write(before + make(room) if room > _LEAST_ROOM else "")
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be written: {error.strerror}") from error


def options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the three options; it gets a `Telling`, as `told`, which writes when it returns."""

    @click.option(
        "--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML of all runs to this file."
    )
    @click.option(
        "--summary",
        "summary_path",
        type=click.Path(path_type=Path),
        help="Write all runs and the evidence as Markdown.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print all runs as JSON, and words to standard error.")
    @functools.wraps(command)
    def telling(*args: Any, junit_path: Path | None, summary_path: Path | None, as_json: bool, **rest: Any) -> int:
        with Telling(junit_path, summary_path, as_json=as_json) as told:
            return command(*args, told=told, **rest)

    return telling
