"""`stormproof matrix`: run the same storms on several versions and compare each result with what is expected."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stormproof.brokers.programs import find_binary
from stormproof.campaign import catalogue
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.cli import arguments, telling
from stormproof.cli.progress import Progress
from stormproof.lab import environments, versions
from stormproof.lab.versions import Row, Versions
from stormproof.processes import interruption
from stormproof.runs import store
from stormproof.runs.expectation import Expected, met, shown
from stormproof.runs.store import Run
from stormproof.spec import description
from stormproof.spec.system import System

_NOT_IN_NAMES = re.compile(r"[^a-z0-9_-]+")


class Cell(msgspec.Struct, kw_only=True):
    """One row in one environment, and its runs as they end. `expected` is None if the result is only shown."""

    row: Row
    environment: str
    expected: Expected | None
    times: int
    runs: list[Run] = []

    @property
    def ends(self) -> list[Status]:
        """The status of each run: VALID if it is as expected or nothing is expected.

        UNKNOWN if only unknowns prevented that, or if the system did not start.
        """
        missing = [Status.UNKNOWN] * (self.times - len(self.runs))
        return [as_expected(run, self.expected) for run in self.runs] + missing

    @property
    def shows(self) -> str:
        """What the runs show, each word with its count unless all runs agree."""
        said = Counter(word for run in self.runs for word in _words(run))
        said.update({"did not start": self.times - len(self.runs)} if len(self.runs) < self.times else {})
        return ", ".join(
            word if count == self.times else f"{word} ({count} of {self.times})" for word, count in said.items()
        )

    @property
    def count(self) -> str:
        """How many runs were as expected."""
        return "" if self.expected is None else f"{self.ends.count(Status.VALID)} of {self.times}"


def as_expected(run: Run, expected: Expected | None) -> Status:
    """Return VALID if the run is as expected or nothing is expected, UNKNOWN if only unknowns prevented that."""
    if run.judged is None:
        return Status.UNKNOWN
    if expected is None or met(run.judged, expected):
        return Status.VALID
    return Status.UNKNOWN if run.judged.status is Status.UNKNOWN else Status.INVALID


def with_python(system: System, python: str, name: str) -> System:
    """Return the same system under another name, with each process run by this interpreter."""
    components = {part: spec.model_copy(update={"python": python}) for part, spec in system.components.items()}
    return system.model_copy(
        update={"components": components, "name": f"{system.name}-{_NOT_IN_NAMES.sub('-', name.lower())}"}
    )


def job(row: Row, environment: str, python: str, seed: int) -> Job:
    """Return one run of a row in the environment of this interpreter. Raises UsageError."""
    scenario = catalogue.load(row.scenario)
    system = with_python(description.load(row.system, row.change), python, environment)
    return Job(scenario=scenario, system=system, state=row.state or scenario.states[0], seed=seed)


def cells(rows: tuple[Row, ...], times: int) -> list[Cell]:
    """Return all cells, without runs."""
    return [
        Cell(row=row, environment=name, expected=row.expect.get(name), times=times)
        for row in rows
        for name in row.cells
    ]


def table(found: list[Cell]) -> Table:
    """Build the table with one line per cell."""
    lines = Table("row", "environment", "shows", "as expected", title="Versions", box=box.SIMPLE_HEAD)
    for column in lines.columns:
        column.overflow = "fold"
    for cell in found:
        good = all(end is Status.VALID for end in cell.ends)
        lines.add_row(
            cell.row.name, cell.environment, cell.shows, Text(cell.count, style="green" if good else "bold red")
        )
    return lines


def markdown(found: list[Cell]) -> str:
    """Build a table for each group. If all rows of a group have the same environments, more than two, those are the columns."""
    parts = []
    for group, members in itertools.groupby(found, key=lambda cell: cell.row.group):
        rows = {name: list(each) for name, each in itertools.groupby(members, key=lambda cell: cell.row.name)}
        first = next(iter(rows.values()))
        names = [cell.environment for cell in first]
        same = len(names) > 2 and all([cell.environment for cell in each] == names for each in rows.values())
        parts.append(f"## {group}\n\n{_wide(names, rows) if same else _long(rows)}")
    return "\n".join(parts)


def _wide(names: list[str], rows: dict[str, list[Cell]]) -> str:
    head = [f"| | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    return (
        "\n".join(head + [f"| {name} | {' | '.join(cell.shows for cell in each)} |" for name, each in rows.items()])
        + "\n"
    )


def _long(rows: dict[str, list[Cell]]) -> str:
    head = ["| row | environment | shows | as expected |", "| --- | --- | --- | --- |"]
    lines = [
        f"| {name} | {cell.environment} | {cell.shows} | {cell.count} |" for name, each in rows.items() for cell in each
    ]
    return "\n".join(head + lines) + "\n"


def _words(run: Run) -> list[str]:
    if run.judged is None:
        return ["not judged"]
    kinds = [kind.partition(".")[2] for kind in shown(run.judged)]
    return list(dict.fromkeys(kinds)) or [run.judged.status.word]


def ending(found: list[Cell]) -> tuple[int, list[str]]:
    """Return the exit code of the worst cell, and the last lines."""
    ends = [end for cell in found if cell.expected is not None for end in cell.ends]
    lines = []
    for cell in found:
        if Status.INVALID in cell.ends:
            was = "valid" if not cell.expected else ", ".join(cell.expected)
            mended = " (mended upstream?)" if cell.expected and cell.shows == "valid" else ""
            lines.append(
                f"not as expected: {cell.row.name} in {cell.environment}: expected {was}, shows {cell.shows}{mended}"
            )
            lines += [
                f"    replay: stormproof replay {run.folder}" for run in cell.runs if as_expected(run, cell.expected)
            ]
    lines.append(f"{ends.count(Status.VALID)} of {len(ends)} runs were as expected.")
    return max(ends, default=Status.VALID).exit_code, lines


def interpreters(found: Versions, names: list[str], cache: Path, console: Console) -> dict[str, str]:
    """Return the interpreter of each environment, building it if it does not exist. Raises UsageError."""
    made = {}
    for name in dict.fromkeys(names):
        with console.status(f"environment {name}"):
            made[name] = environments.build(name, found.environments[name], found.common, cache)
    return made


def conduct(
    jobs: list[tuple[Cell, Job]],
    lanes: int,
    runs: Path,
    console: Console,
    wait: Callable[[Coroutine[Any, Any, Any]], Any],
) -> None:
    """Make all runs and add each to its cell."""
    cell_of = {id(job): cell for cell, job in jobs}
    with Progress(console, len(jobs)) as progress:

        def done(job: Job, run: Run) -> None:
            cell_of[id(job)].runs.append(run)
            progress.finished(job, run)

        todo = [job for _, job in jobs]
        wait(campaign.conduct_all(todo, runs, find_binary(), progress.phase, done, lanes, skip=True))


def compare(
    path: Path,
    only: tuple[str, ...],
    out: Path | None,
    times: int,
    lanes: int,
    runs: Path,
    cache: Path,
    console: Console,
    wait: Callable[[Coroutine[Any, Any, Any]], Any],
) -> int:
    """Build the environments, run everything and print the table. Returns the exit code of the worst cell."""
    telling.check_page()
    file = versions.load(path)
    found = cells(file.chosen(only), times)
    python = interpreters(file, [cell.environment for cell in found], cache, console)
    jobs = [
        (cell, job(cell.row, cell.environment, python[cell.environment], seed))
        for seed in range(times)
        for cell in found
    ]
    conduct(jobs, lanes, runs, console, wait)
    console.print(table(found))
    if out is not None:
        store.write_text(out, markdown(found))
    telling.add_to_page(markdown(found))
    code, lines = ending(found)
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    blamed = [(run, as_expected(run, cell.expected)) for cell in found for run in cell.runs]
    telling.annotate(blamed, {cell.row.scenario.stem: cell.row.scenario for cell in found}, console.file)
    return code


@click.command("matrix")
@click.option("--file", "path", type=click.Path(path_type=Path), default=Path("matrix.toml"), show_default=True)
@click.option("--only", multiple=True, help="A row or a group of rows; all by default.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path(".stormproof"),
    help="The folder that caches the environments.",
)
@click.option("--bisect", "row", help="Find the release of a package that changed this row's verdict.")
@click.option("--package", default="celery", show_default=True, help="The package whose releases --bisect tries.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the tables to this file as Markdown.")
@arguments.times
@arguments.lanes(4)
@arguments.runs
def command(row: str | None, package: str, path: Path, cache: Path, times: int, **options: Any) -> int:
    """Run the same storms on several versions of Celery and compare each result with what is expected."""
    console = Console()
    if row is not None:
        from stormproof.cli import bisect  # noqa: PLC0415 - It imports this module.

        return bisect.bisect(path, row, package, times, options["runs"], cache, console, interruption.run)
    return compare(path, times=times, cache=cache, console=console, wait=interruption.run, **options)
