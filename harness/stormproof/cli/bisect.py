"""`stormproof matrix --bisect`: find the release of one package in which a row's verdict changed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Literal

import msgspec
from packaging.version import Version
from rich.console import Console

from stormproof.checks.verdict import Status
from stormproof.cli import matrix as comparing
from stormproof.cli.matrix import Cell
from stormproof.errors import UsageError
from stormproof.lab import environments, versions
from stormproof.lab.versions import Environment, Row
from stormproof.processes import packages
from stormproof.runs.expectation import Expected

PINNED = ("celery", "kombu", "redis")
"""The packages that define an environment. While one is bisected, the others stay at the newer end's releases."""

Side = Literal["older", "newer", "neither"]


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """Two environments of a row, ordered by the package's release: what each must show, and what the newer one has installed."""

    older: str
    newer: str
    shows_older: Expected
    shows_newer: Expected
    others: dict[str, str]
    python: str | None


def ends(row: Row, package: str, installed: dict[str, dict[str, str]], pythons: dict[str, str | None]) -> Ends:
    """Return the first and last environment of the row's expectations, in order. Raises UsageError if they do not differ."""
    names = list(row.expect)
    if len(names) < 2 or row.expect[names[0]] == row.expect[names[-1]]:
        raise UsageError(
            f"row {row.name!r}: nothing to bisect: `expect` must differ between its first and its last environment"
        )
    older, newer = sorted((names[0], names[-1]), key=lambda name: Version(installed[name][package]))
    if installed[older][package] == installed[newer][package]:
        raise UsageError(
            f"row {row.name!r}: {older} and {newer} both have {package} {installed[older][package]};"
            f" name another of {', '.join(PINNED)} with --package"
        )
    return Ends(
        older=installed[older][package],
        newer=installed[newer][package],
        shows_older=row.expect[older],
        shows_newer=row.expect[newer],
        others={name: installed[newer][name] for name in PINNED if name != package},
        python=pythons[newer],
    )


def side(cell: Cell, found: Ends) -> Side:
    """Which of the two ends the runs of a cell match."""
    for name, expected in (("older", found.shows_older), ("newer", found.shows_newer)):
        like = [comparing.as_expected(run, expected) is Status.VALID for run in cell.runs]
        if len(like) == cell.times and all(like):
            return "older" if name == "older" else "newer"
    return "neither"


def search(releases: list[str], ask: Callable[[str], Side]) -> tuple[str, str] | str:
    """Return the last release that behaves like the first, and the next one, which behaves like the last.

    If a release matches neither end, return that one instead. The ends are tested too: with the other packages at
    different releases, they may not show what is expected.
    """
    low, high = 0, len(releases) - 1
    for place, like in ((high, "newer"), (low, "older")):
        if ask(releases[place]) != like:
            return releases[place]
    while high - low > 1:
        middle = (low + high) // 2
        like = ask(releases[middle])
        if like == "neither":
            return releases[middle]
        low, high = (middle, high) if like == "older" else (low, middle)
    return releases[low], releases[high]


def bisect(
    path: Path,
    name: str,
    package: str,
    times: int,
    runs: Path,
    cache: Path,
    console: Console,
    wait: Callable[[Coroutine[Any, Any, Any]], Any],
) -> int:
    """Run the whole command and print one line per release and the answer. Exit code 2 if a release matches neither end."""
    file = versions.load(path)
    (row, *more) = file.chosen((name,))
    if more:
        raise UsageError(
            f"--bisect: {name!r} is a group; name one row of it: {', '.join(r.name for r in (row, *more))}"
        )
    if package not in PINNED:
        raise UsageError(f"--package: {package!r} is none of {', '.join(PINNED)}")
    python = comparing.interpreters(file, list(row.expect), cache, console)
    installed = {each: packages.of(python[each]) for each in python}
    found = ends(row, package, installed, {each: file.environments[each].python for each in python})
    shows: dict[str, str] = {}

    def ask(release: str) -> Side:
        pins = {**found.others, package: release}
        environment = Environment(python=found.python, packages=tuple(f"{each}=={pins[each]}" for each in PINNED))
        label = f"{package}-{release}"
        with console.status(f"environment {label}"):
            interpreter = environments.build(label, environment, file.common, cache)
        cell = Cell(row=row, environment=label, expected=None, times=times)
        jobs = [(cell, comparing.job(row, label, interpreter, seed)) for seed in range(times)]
        comparing.conduct(jobs, 1, runs, console, wait)
        shows[release] = cell.shows
        return side(cell, found)

    releases = [found.older, *environments.releases(package, found.older, found.newer)]
    console.print(f"{len(releases)} releases: {', '.join(releases)}", highlight=False, soft_wrap=True)
    answer = search(releases, ask)
    if isinstance(answer, str):
        text = (
            f"{package} {answer} shows {shows[answer]}: like neither end, where the other packages are {found.others}"
        )
        console.print(text, highlight=False, markup=False, soft_wrap=True)
        return Status.UNKNOWN.exit_code
    last, first = answer
    console.print(
        f"{row.name}: changed in {package} {first} ({shows[first]}); {last} is the last before ({shows[last]})",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    return 0
