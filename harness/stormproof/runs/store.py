"""The run folder: the plan of a run (`scenario.json`), what happened (`history.jsonl`), and the verdict (`verdict.json`)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from stormproof.checks.verdict import Status, Verdict, merge
from stormproof.errors import RunFolderError, ScenarioError, exhausted
from stormproof.history import History
from stormproof.processes import packages
from stormproof.spec import faults
from stormproof.spec.choices import Choices
from stormproof.spec.description import first_mistake
from stormproof.spec.scenario import Scenario, State
from stormproof.spec.system import System
from stormproof.spec.tables import Binary


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything needed to repeat a run: the scenario, the system, the worker's state, and the random choices as drawn.

    `redis`, `versions` (the harness's own) and `components` (the interpreter of each) record what it ran on.
    """

    scenario: Any
    system: Any
    state: State
    choices: Choices
    redis: Binary
    versions: dict[str, str]
    began: str
    components: dict[str, dict[str, str]] = {}


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `verdict.json`. `seconds`: from the first event to the last."""

    status: Status
    verdicts: tuple[Verdict, ...]
    seconds: float
    events: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One stored run. `redis`, `versions` and `components` are those of its `Plan`: what it ran on."""

    folder: Path
    scenario: Scenario
    system: System
    state: State
    choices: Choices
    history: History
    judged: Judged | None
    redis: Binary | None = None
    versions: dict[str, str] = {}
    components: dict[str, dict[str, str]] = {}

    @property
    def title(self) -> str:
        """`scenario[state]`, as in the tables; without the state if the scenario has only one."""
        several = len(self.scenario.states) > 1
        return f"{self.scenario.name}[{self.state}]" if several else self.scenario.name


def create(runs: Path, scenario: Scenario, system: System, state: State) -> Path:
    """Make a new run folder. Raises RunFolderError if that is impossible."""
    return fresh_folder(runs, f"{scenario.name}-{state}-{system.name}")


def fresh_folder(runs: Path, name: str) -> Path:
    """Make a new, unique folder named after the time and a name. Raises RunFolderError if that is impossible."""
    stem = f"{time.strftime('%Y%m%dT%H%M%S')}-{name}"
    for number in range(1, 1000):
        folder = runs / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if runs.exists() and not runs.is_dir():
                break
            continue
        except OSError as error:
            raise exhausted(error) or RunFolderError(
                f"{runs}: cannot be written: {error.strerror}; name another folder with --runs"
            ) from error
        return folder
    raise RunFolderError(f"{runs}: no run folder can be made there; name another folder with --runs")


def write(folder: Path, name: str, value: Any) -> None:
    """Write one JSON file of a run folder atomically. Raises RunFolderError."""
    _write(folder / name, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def check_writable(path: Path, option: str) -> None:
    """Check, before anything runs, that a file can be written at the end. Raises RunFolderError."""
    path, named = path.resolve(), path  # A link to a file that is not yet there stays.
    known = path.exists()
    if known and not path.is_file():
        raise RunFolderError(f"{option} {named}: cannot be written: it is no file; name another")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a"):
            pass
        if not known:
            path.unlink()
    except OSError as error:
        raise RunFolderError(f"{option} {named}: cannot be written: {error.strerror}; name another file") from error


def write_text(path: Path, text: str) -> None:
    """Write a page atomically. Raises RunFolderError."""
    _write(path, text.encode("utf-8", "replace"))


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        try:
            fresh.write_bytes(data)
            fresh.rename(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
    except OSError as error:
        error.filename = str(path)
        raise exhausted(error) or RunFolderError(f"{path}: cannot be written: {error.strerror}") from error


def write_plan(folder: Path, scenario: Scenario, system: System, state: State, choices: Choices, redis: Binary) -> None:
    """Store the plan of a run before it starts."""
    plan = Plan(
        scenario=faults.encode_scenario(scenario),
        system=system.stored(),
        state=state,
        choices=choices,
        redis=redis,
        versions=packages.of(),
        components=packages.of_components(system),
        began=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )
    write(folder, "scenario.json", plan)


def judged(history: History, verdicts: tuple[Verdict, ...]) -> Judged:
    """Return the verdicts of a history with its measures."""
    seconds = history[-1].t - history[0].t if len(history) else 0.0
    return Judged(status=merge(verdicts), verdicts=verdicts, seconds=round(seconds, 3), events=len(history))


def load(folder: Path) -> Run:
    """Read a run folder, including that of a crashed run. Raises RunFolderError."""
    try:
        plan = msgspec.json.decode((folder / "scenario.json").read_bytes(), type=Plan)
        scenario = faults.decode_scenario(plan.scenario)
        system = System.model_validate(plan.system)
    except OSError as error:
        raise RunFolderError(f"{folder}: not a run folder: {error.strerror} ({error.filename})") from error
    except ValidationError as error:
        raise RunFolderError(f"{folder / 'scenario.json'}: cannot be read: {first_mistake(error)}") from error
    except (msgspec.DecodeError, ValueError, ScenarioError) as error:
        raise RunFolderError(f"{folder / 'scenario.json'}: cannot be read: {error}") from error
    return Run(
        folder=folder,
        scenario=scenario,
        system=system,
        state=plan.state,
        choices=plan.choices,
        history=History.load(folder / "history.jsonl"),
        judged=_load_judged(folder / "verdict.json"),
        redis=plan.redis,
        versions=plan.versions,
        components=plan.components,
    )


def _load_judged(path: Path) -> Judged | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Judged)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}; remove it and analyze the run again") from error
