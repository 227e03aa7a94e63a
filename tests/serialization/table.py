"""The page `docs/serialization.md`: what it says, and what can be read from it. `python docs/generate.py` writes it."""

from __future__ import annotations

import collections
import datetime
import decimal
import math
import platform
import re
import uuid
import zoneinfo
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from changes import drawn, outcomes, smallest
from stormproof.serializers import codec
from stormproof.serializers.codec import Fate, Passage
from stormproof.serializers.strategies import KINDS, about, specimens

PAGE = Path(__file__).parents[2] / "docs" / "serialization.md"

INTRODUCTION = """\
# Serialization

What becomes of your `Decimal`, your `datetime`, your tuple between `delay(...)` and the task, and on the way back with its result?

The contract of a serializer is: **what arrives is what was sent, to the letter, or sending fails in the caller**. *To the letter* is
narrower than `==`: `1` is not `True`, `-0.0` is not `0.0`, a tuple is not a list, and NaN is NaN. The table says what kombu's serializers do:

- *unchanged*: the contract holds.
- *refused*: it holds, too. Sending raises `kombu.exceptions.EncodeError`, by way of the named exception, and nothing is sent.
- **in bold**: it is broken. Something else arrives and nobody is told (**tuple becomes list**), or the message was sent and cannot be read
  (**unreadable**): the worker is the one to fail, and the caller waits.

A value that holds others meets what becomes of each of them: a list of tuples is a list of lists."""

HELD = """\
Nothing here is written by hand. [Hypothesis](https://hypothesis.readthedocs.io) draws values of each kind, and each passes through each
serializer; all that was found stands here, with the smallest example of each broken promise. `pytest tests/serialization` finds it anew and
fails where it differs, so that a new kombu that changes a row is noticed; it also draws anything nested of any kind, and fails where
something becomes of it that does not stand here. After a change: `python docs/generate.py`, and read the difference."""

_SAID = {
    memoryview: lambda value: f"memoryview({bytes(value)!r})",
    collections.defaultdict: lambda value: f"defaultdict(list, {dict(value)!r})",
}
_NAMES = (
    vars(specimens)
    | vars(decimal)
    | vars(collections)
    | {"datetime": datetime, "zoneinfo": zoneinfo, "UUID": uuid.UUID, "nan": math.nan, "inf": math.inf}
)
_ROW = re.compile(r"^\| (?P<cells>.+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Change:
    """A row of the list of changes. `example` is the smallest value, as an expression of Python."""

    kind: str
    serializers: tuple[str, ...]
    what: str
    example: str
    arrives: str


def render() -> str:
    """The page, by what is found now. Takes a minute or two."""
    found = {kind: _outcomes(kind) for kind in KINDS}
    return "\n\n".join(
        [
            INTRODUCTION,
            f"This is so with {_versions()}.",
            "## What becomes of each kind",
            _table(["kind", *codec.installed()], [_matrix_row(kind, found[kind]) for kind in KINDS]),
            "## The changes",
            "The smallest example of each. `specimens` are the types in `stormproof.serializers.strategies.specimens`.",
            _table(["kind", "serializer", "what", "sent", "arrives"], [_cells(change) for change in _changes(found)]),
            "## The kinds",
            "\n".join(f"- **{kind}**: {about(kind)}" for kind in KINDS),
            "## How this page is kept true",
            HELD + "\n",
        ]
    )


def written() -> dict[str, dict[str, frozenset[str]]]:
    """Kind -> serializer -> outcomes, as the page has them."""
    head, *rows = _rows("What becomes of each kind")
    return {
        kind: {name: frozenset(cell.replace("**", "").split("; ")) for name, cell in zip(head[1:], cells, strict=True)}
        for kind, *cells in rows
    }


def changes() -> list[Change]:
    """The list of changes, as the page has it."""
    return [
        Change(kind, tuple(serializers.split(", ")), what, sent.strip("`").replace("\\|", "|"), arrives)
        for kind, serializers, what, sent, arrives in _rows("The changes")[1:]
    ]


def python() -> str:
    """The Python with which the page was written, as "3.11"."""
    said = re.search(r"Python (\d+\.\d+)", PAGE.read_text(encoding="utf-8"))
    assert said, f"{PAGE.name} does not say with which Python it was written"
    return said[1]


def expression(value: Any) -> str:
    """Python for a value of KINDS; `evaluated` gives it back."""
    return _SAID.get(type(value), repr)(value)


def evaluated(text: str) -> Any:
    """The value of an `expression`."""
    return eval(text, dict(_NAMES))


def _versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("kombu", "msgpack", "PyYAML"))
    return f"Python {'.'.join(platform.python_version_tuple()[:2])}, {packages}"


def _outcomes(kind: str) -> dict[str, dict[str, Passage]]:
    examples = drawn(kind)
    return {serializer: outcomes(serializer, examples) for serializer in codec.installed()}


def _matrix_row(kind: str, found: dict[str, dict[str, Passage]]) -> list[str]:
    return [
        kind,
        *("; ".join(what if one.kept else f"**{what}**" for what, one in each.items()) for each in found.values()),
    ]


def _changes(found: dict[str, dict[str, dict[str, Passage]]]) -> list[Change]:
    """One row for serializers that do the same to the same."""
    rows: dict[Change, list[str]] = {}
    for kind, by_serializer in found.items():
        for serializer, each in by_serializer.items():
            for what in (what for what, one in each.items() if not one.kept):
                one = smallest(kind, serializer, what)
                row = Change(kind, (), what, expression(one.sent), _arrival(one))
                rows.setdefault(row, []).append(serializer)
    return [Change(row.kind, tuple(names), row.what, row.example, row.arrives) for row, names in rows.items()]


def _arrival(one: Passage) -> str:
    if one.fate is not Fate.CHANGED or not one.difference:
        return "cannot be read"
    where = f" at `{one.difference.path}`" if one.difference.path else ""
    return f"{_code(expression(one.difference.got))}{where}"


def _cells(change: Change) -> list[str]:
    return [change.kind, ", ".join(change.serializers), change.what, _code(change.example), change.arrives]


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, with its head and without the line below that."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [re.split(r" (?<!\\)\| ", row["cells"]) for row in _ROW.finditer(section)]
    return [row for row in rows if set(row) != {"---"}]
