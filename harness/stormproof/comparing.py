"""`stormproof matrix`: the same storms on several versions, against what is expected of each."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console

from stormproof import campaign, catalogue, environments, versions
from stormproof import system as systems
from stormproof.campaign import Job
from stormproof.expectation import Expected, met, shown
from stormproof.redis_server import find_binary
from stormproof.store import Run
from stormproof.system import System
from stormproof.verdict import Status
from stormproof.versions import Row


def with_python(system: System, python: str) -> System:
    """The same system, each process in this interpreter."""
    components = {name: part.model_copy(update={"python": python}) for name, part in system.components.items()}
    return system.model_copy(update={"components": components})


def as_expected(run: Run, expected: Expected | None) -> Status:
    """VALID where the run is as expected, or nothing is; UNKNOWN where only that stood in the way."""
    if run.judged is None:
        return Status.UNKNOWN
    if expected is None or met(run.judged, expected):
        return Status.VALID
    return Status.UNKNOWN if run.judged.status is Status.UNKNOWN else Status.INVALID


def compare(
    path: Path,
    only: tuple[str, ...],
    times: int,
    runs: Path,
    cache: Path,
    console: Console,
    wait: Callable[[Coroutine[Any, Any, Any]], Any],
) -> int:
    """Build, run, and print one line a run; the exit code is that of the worst cell."""
    found = versions.load(path)
    rows, binary, worst = found.chosen(only), find_binary(), Status.VALID

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    def python(name: str) -> str:
        say(f"environment {name}")
        return environments.build(name, found.environments[name], found.common, cache)

    interpreters = {name: python(name) for name in dict.fromkeys(name for row in rows for name in row.cells)}
    for row in rows:
        for name in row.cells:
            expected = row.expect.get(name)
            made: list[Run] = wait(
                campaign.conduct_all(
                    [_job(row, interpreters[name], seed) for seed in range(times)],
                    runs,
                    binary,
                    lambda job, phase: None,
                    lambda job, run: None,
                )
            )
            ends = [as_expected(run, expected) for run in made]
            worst = max(worst, *ends)
            kinds = sorted({kind for run in made if run.judged for kind in shown(run.judged)})
            count = f"{ends.count(Status.VALID)} of {times}" if expected is not None else "shown only"
            say(f"{row.name}  {name}  {', '.join(kinds) or 'nothing proven'}  as expected: {count}")
            if expected and Status.INVALID in ends:
                say(f"    {', '.join(expected)} no longer shows: upstream may have mended it")
    return worst.exit_code


def _job(row: Row, python: str, seed: int) -> Job:
    scenario = catalogue.load(row.scenario)
    system = with_python(systems.load(row.system, row.change), python)
    return Job(scenario=scenario, system=system, state=row.state or scenario.states[0], seed=seed)
