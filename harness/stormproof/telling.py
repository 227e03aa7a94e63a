"""What a command tells besides words: `--junit`, `--summary`, `--json`, and GitHub's annotations and job page."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import click
from rich.console import Console

from stormproof import store
from stormproof.errors import RunFolderError, StormproofError, on_purpose
from stormproof.report import github, junit, record, summary
from stormproof.report.github import Tamed
from stormproof.report.words import one_line
from stormproof.store import Run
from stormproof.verdict import Status

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_LEAST_ROOM = 1000


def own_status(run: Run) -> Status:
    """How bad a run is where it is wanted to be valid."""
    return run.judged.status if run.judged else Status.UNKNOWN


class Telling:
    """Use as a context manager around a command; `add` each run as it ends, and all is written at the end, in every ending.

    `console` is for words: standard error where standard output is for JSON. `blame` says how bad a run is, for annotations: a
    command in which a system must fall sets its own. `files`: name of a scenario -> its file. Raises RunFolderError at once
    where a file cannot be written.
    """

    def __init__(
        self, junit_path: Path | None = None, summary_path: Path | None = None, *, as_json: bool = False
    ) -> None:
        self.console = Console(stderr=as_json)
        self.blame: Callable[[Run], Status] = own_status
        self.files: dict[str, Path] = {}
        self.runs: list[Run] = []
        self._junit, self._summary, self._as_json = junit_path, summary_path, as_json
        self._on_github = on_github()
        step = os.environ.get(_STEP_SUMMARY, "")
        self._step = Path(step) if step else None
        for option, path in (("--junit", junit_path), ("--summary", summary_path), (_STEP_SUMMARY, self._step)):
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
            store.write_text(self._junit.resolve(), junit.render(self.runs, self.files))
        if self._summary:
            store.write_text(self._summary.resolve(), summary.render(self.runs, cut_short))
        if self._step:
            _append(self._step, self.runs, cut_short)
        if self._as_json:
            click.echo(record.render(self.runs))
        if self._on_github:
            self._annotate(raw(sys.stderr if self._as_json else sys.stdout))

    def _annotate(self, stream: TextIO) -> None:
        for run in self.runs:
            line = github.annotation(run, self.blame(run), in_repository(self.files.get(run.scenario.name)))
            if line:
                stream.write(line + "\n")
        stream.flush()


def on_github() -> bool:
    """Whether GitHub's runner reads what is printed."""
    return bool(os.environ.get("GITHUB_ACTIONS"))


def raw(stream: Any) -> TextIO:
    """The stream behind the one that lets no command through."""
    return stream.raw if isinstance(stream, Tamed) else stream


def in_repository(path: Path | None) -> str:
    """The name of a file as GitHub wants it: from the top of the repository; "" for one elsewhere."""
    if path is None:
        return ""
    top = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    whole = path.resolve()
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else ""


def _append(path: Path, runs: list[Run], cut_short: str) -> None:
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            room = summary.LIMIT_BYTES - file.tell() - 1
            before = "\n" if file.tell() else ""  # Whoever wrote before us may not have ended the line.
            file.write(before + summary.render(runs, cut_short, room) if room > _LEAST_ROOM else "")
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
