"""Reads a description: turns a `stormproof.toml`, or equivalent values, into a checked `System`, or reports the first
mistake in one line.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from stormproof.errors import DescriptionError
from stormproof.spec.loopback import refuse_others
from stormproof.spec.promises import Promises
from stormproof.spec.seams import EFFECTS
from stormproof.spec.system import System
from stormproof.spec.tables import Backlog, Component, Effects, Metrics, Ready, Redis, Status, Submit
from stormproof.spec.templates import fill, fill_all

_TABLES: dict[tuple[str, str], type[BaseModel]] = {
    ("", ""): System,
    ("redis", ""): Redis,
    ("components", ""): Component,
    ("components", "ready"): Ready,
    ("submit", ""): Submit,
    ("status", ""): Status,
    ("effects", ""): Effects,
    ("backlog", ""): Backlog,
    ("metrics", ""): Metrics,
    ("promises", ""): Promises,
}
"""The tables of a description, by the first part of a key's path and the inner table's name."""


def load(path: Path, change: Mapping[str, Any] = MappingProxyType({}), allowed: tuple[str, ...] = ()) -> System:
    """Read and check a description, with the values of `change` overriding its own. `allowed`: hosts that it may name.

    Raises DescriptionError with one line that names the key and the fix.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DescriptionError(f"{path}: no such file; name a system's description with --system") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise DescriptionError(f"{path}: not TOML: {error}") from error
    return described(merged(data, change), path.resolve().parent, str(path), allowed)


def described(data: Mapping[str, Any], folder: Path, where: str, allowed: tuple[str, ...] = ()) -> System:
    """The system that these values describe. Relative paths in them start in `folder`, and errors name `where`. Raises
    DescriptionError.
    """
    if "folder" in data:
        raise DescriptionError(f"{where}: unknown key 'folder'; remove it")
    try:
        system = System.model_validate({**data, "folder": folder})
    except ValidationError as error:
        raise DescriptionError(f"{where}: {first_mistake(error)}") from error
    _refuse_unknown(where, system)
    if system.effects_expected and not system.submit.keyed:
        raise DescriptionError(
            f"{where}: promises.effects: 'once' needs {{key}} in submit: e-mails are told apart by it"
        )
    refuse_others(where, system, allowed)
    return system


def restored(stored: Any, path: Path) -> System:
    """The system that `System.stored` returned. If its folder is not on this machine, the location of the description
    at `path` replaces it.

    Raises ValueError (pydantic's) if `stored` is not a system. Raises DescriptionError if the folder is missing and the
    description cannot be read, or describes another system.
    """
    system = System.model_validate(stored)
    if system.folder.is_dir():
        return system
    here = load(path)
    if here.name != system.name:
        raise DescriptionError(f"{path}: describes {here.name!r}, not {system.name!r}; name that with --system")
    return system.model_copy(update={"folder": here.folder})


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `change`, table by table."""
    both = {
        name: merged(base[name], value) if isinstance(value, Mapping) and isinstance(base.get(name), Mapping) else value
        for name, value in change.items()
    }
    return {**base, **both}


def first_mistake(error: ValidationError) -> str:
    """The most useful of the mistakes, in one line."""
    mistakes = error.errors()
    # A misspelt key also counts as a missing one; correcting the spelling fixes both.
    mistake = next((m for m in mistakes if m["type"] == "extra_forbidden"), mistakes[0])
    where = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "extra_forbidden":
        return f"unknown key {where!r}{_nearest(mistake['loc'])}"
    if mistake["type"] == "missing":
        return f"key {where!r} is missing"
    said = mistake["msg"].removeprefix("Value error, ")
    said = said[0].lower() + said[1:]
    return f"{where}: {said} (it is {mistake['input']!r})" if where else said


def _nearest(loc: tuple[int | str, ...]) -> str:
    depth = {"components": 2, "redis": 2}.get(str(loc[0]), 1) if len(loc) > 1 else 0
    model = _TABLES.get((str(loc[0]) if len(loc) > 1 else "", str(loc[-2]) if len(loc) > depth + 1 else ""))
    names = [field.alias or name for name, field in model.model_fields.items()] if model else []
    near = difflib.get_close_matches(str(loc[-1]), names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(sorted(names))}"


def _refuse_unknown(path: Path | str, system: System) -> None:
    """Raise DescriptionError for the first unknown placeholder of a description."""
    of_servers = [f"{server}.{part}" for server in system.server_names for part in ("url", "host", "port")]
    of_effects = EFFECTS.get(system.effects.kind).placeholders
    of_components = dict.fromkeys([*of_servers, *of_effects, "port", "python", "probe", "work"], "")
    of_submissions: dict[str, str | int] = {"key": "", "number": 0, "text": ""}
    try:
        for name, value in system.env.items():
            fill(value, of_components, f"env.{name}")
        for each, component in system.components.items():
            fill_all(component.command, of_components, f"components.{each}.command")
            for name, value in component.env.items():
                fill(value, of_components, f"components.{each}.env.{name}")
        for name, template in system.submit.model_dump(include={"json_template", "headers", "path"}).items():
            fill_all(template, of_submissions, f"submit.{name.removesuffix('_template')}")
        fill(system.status.path, {"task_id": ""}, "status.path")
    except DescriptionError as error:
        raise DescriptionError(f"{path}: {error}") from error
