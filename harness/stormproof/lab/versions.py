"""`matrix.toml`: environments of package versions, and rows that say what a system shows in each. Values only."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from stormproof.errors import UsageError
from stormproof.runs.expectation import Expected, checked
from stormproof.spec.scenario import State


class Environment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An interpreter and packages. Without packages, it is the harness's own interpreter."""

    python: str | None = None
    packages: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scenario on one system. `expect`: environment -> findings (none: valid).

    `environments`: other environments, whose results are only shown. `change`: other values for the description.
    """

    name: str
    system: Path
    scenario: Path
    expect: dict[str, Expected] = {}
    environments: tuple[str, ...] = ()
    state: State | None = None
    group: str = ""
    change: dict[str, Any] = {}

    @property
    def cells(self) -> tuple[str, ...]:
        """The environments in which the row runs."""
        return tuple(dict.fromkeys((*self.expect, *self.environments)))


class Versions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. `common`: packages that the systems also need, in each environment."""

    environments: dict[str, Environment]
    row: tuple[Row, ...]
    common: tuple[str, ...] = ()

    def chosen(self, only: tuple[str, ...]) -> tuple[Row, ...]:
        """Return the rows with these names or groups; all if none is named. Raises UsageError."""
        known = {row.name for row in self.row} | {row.group for row in self.row if row.group}
        for name in only:
            if name not in known:
                raise UsageError(f"--only: no row or group is called {name!r}; known: {', '.join(sorted(known))}")
        return tuple(row for row in self.row if not only or row.name in only or row.group in only)


def load(path: Path) -> Versions:
    """Read and check the file; its paths start at its folder. Raises UsageError with one line."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found = msgspec.convert(data, Versions, dec_hook=lambda kind, value: kind(value))
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: no such file; run from a clone of the repository, or name one with --file"
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path}: {error}") from error
    rows = []
    for row in found.row:
        for name in row.cells:
            if name not in found.environments:
                raise UsageError(f"{path}: row {row.name!r}: unknown environment {name!r}; add [environments.{name}]")
        for name, expected in row.expect.items():
            checked(expected, f"{path}: row {row.name!r}, {name}")
        here = path.resolve().parent
        rows.append(msgspec.structs.replace(row, system=here / row.system, scenario=here / row.scenario))
    return msgspec.structs.replace(found, row=tuple(rows))
