"""The proof of the harness: mistakes planted into a system from outside, each with the finding that must reveal it. Values only."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from stormproof.campaign import catalogue
from stormproof.errors import UsageError
from stormproof.processes import plant
from stormproof.runs.expectation import Expected, checked
from stormproof.spec import description
from stormproof.spec.scenario import Scenario, State
from stormproof.spec.system import System

_RUNS_A_MODULE = ("{python}", "-m")


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mistake's table in the file. `patch`: a file in the folder `mistakes` next to it; `change`: other values for the description."""

    name: str
    says: str
    scenario: str
    expect: tuple[str, ...]
    state: State | None = None
    patch: str = ""
    change: dict[str, Any] = {}


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    system: str
    mistake: tuple[Written, ...]
    sound: str = ""


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in the system, and the run that must show it. `system` contains the mistake and is named after it."""

    name: str
    says: str
    system: System
    scenario: Scenario
    state: State
    expect: Expected


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The system without any mistake, and all mistakes. `sound`: the corpus file for the second half, if there is one."""

    system: System
    mistakes: tuple[Mistake, ...]
    sound: Path | None = None

    @property
    def controls(self) -> dict[tuple[str, State], Scenario]:
        """The runs in which the system itself must be valid: every scenario and state in which a mistake is tested."""
        return {(mistake.scenario.name, mistake.state): mistake.scenario for mistake in self.mistakes}

    def only(self, names: tuple[str, ...]) -> Proof:
        """Return some of the mistakes. Raises UsageError for an unknown name."""
        known = [mistake.name for mistake in self.mistakes]
        for name in names:
            if name not in known:
                raise UsageError(f"no mistake is named {name!r}; there are: {', '.join(known)}")
        chosen = tuple(mistake for mistake in self.mistakes if mistake.name in names)
        return msgspec.structs.replace(self, mistakes=chosen) if names else self


def load(path: Path) -> Proof:
    """Read and check a file of mistakes. Raises UsageError with one line that names the place and the fix."""
    try:
        written = msgspec.toml.decode(path.read_bytes(), type=_File)
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: no such file; run from a clone of the repository, or name a file of mistakes"
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    base = path.parent / written.system
    mistakes = tuple(_planted(path, base, each) for each in written.mistake)
    sound = path.parent / written.sound if written.sound else None
    return Proof(system=description.load(base), mistakes=mistakes, sound=sound)


def _planted(path: Path, base: Path, written: Written) -> Mistake:
    where = f"{path}: {written.name}"
    scenario = catalogue.load((path.parent / written.scenario).resolve())
    patch = (path.parent / "mistakes" / f"{written.patch}.py").resolve() if written.patch else None
    if patch is not None and not patch.is_file():
        raise UsageError(f"{where}: no such file: {patch}")
    system = description.load(base, {"name": written.name.replace("_", "-"), **written.change})
    if patch is not None:
        system = planted(system, patch)
    return Mistake(
        name=written.name,
        says=written.says,
        system=system,
        scenario=scenario,
        state=written.state or scenario.states[0],
        expect=checked(written.expect, where),
    )


def planted(system: System, patch: Path) -> System:
    """Return the same system with a mistake that runs first in each component that runs a Python module."""
    components = {
        name: spec.model_copy(update={"command": _with(spec.command, patch)})
        for name, spec in system.components.items()
    }
    return system.model_copy(update={"components": components})


def _with(command: tuple[str, ...], patch: Path) -> tuple[str, ...]:
    if command[:2] != _RUNS_A_MODULE:
        return command
    return (command[0], str(Path(plant.__file__).resolve()), str(patch), *command[2:])
