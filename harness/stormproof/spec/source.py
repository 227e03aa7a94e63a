"""Writes a scenario as the Python file that a person would write by hand, ready for `chaos/`."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import msgspec

from stormproof.spec.scenario import Scenario, State
from stormproof.spec.trigger import Trigger

_WIDTH = 120
_STEP = 4
_WORD = {"request": "sends", "reply": "receives"}
"""The functions that users write a trigger with."""


def as_file(scenario: Scenario, docstring: str) -> str:
    """The text of the file. It leaves out defaults; executing it gives an equal scenario."""
    said = msgspec.structs.replace(scenario, cure="")
    names = sorted(_names(said))
    imports = f"from stormproof import {', '.join(names)}"
    if len(imports) > _WIDTH:
        imports = "from stormproof import (\n" + "".join(f"    {name},\n" for name in names) + ")"
    return f'"""{docstring.strip()}\n"""\n\n{imports}\n\nscenario = {_exploded(said, 0)}\n'


def _names(value: Any) -> set[str]:
    """The names that the text of a value uses."""
    if isinstance(value, msgspec.Struct):
        name, arguments = _call(value)
        return {name} if isinstance(value, Trigger) else {name}.union(*(_names(part) for _, part in arguments))
    if isinstance(value, Enum):
        return {type(value).__name__}
    return set().union(*map(_names, value)) if isinstance(value, tuple) else set()


def _call(value: msgspec.Struct) -> tuple[str, list[tuple[str, Any]]]:
    """The name to call, and its arguments: those that differ from their defaults, each with its `name=`, or "" if it is
    positional.
    """
    fields = ((field.name, getattr(value, field.name), field.default) for field in msgspec.structs.fields(value))
    said = [(name, part) for name, part, default in fields if part != default]
    if not isinstance(value, Trigger) or value.direction not in _WORD:
        return type(value).__name__, [(f"{name}=", part) for name, part in said]
    first = [("", value.component)] if value.command == "*" else [("", value.component), ("", value.command)]
    rest = [(f"{name}=", part) for name, part in said if name not in ("component", "command", "direction")]
    return _WORD[value.direction], [*first, *rest]


def _render(value: Any, indent: int, before: int) -> str:
    """The text of a value that begins in column `indent + before`, over several lines if it does not fit in one."""
    flat = _flat(value)
    fits = indent + before + len(flat) + 1 <= _WIDTH
    return flat if fits or not isinstance(value, msgspec.Struct | tuple) else _exploded(value, indent)


def _exploded(value: msgspec.Struct | tuple[Any, ...], indent: int) -> str:
    name, arguments = _call(value) if isinstance(value, msgspec.Struct) else ("", [("", part) for part in value])
    pad = " " * (indent + _STEP)
    lines = [f"{pad}{word}{_render(part, indent + _STEP, len(word))}," for word, part in arguments]
    return "\n".join([f"{name}(", *lines, " " * indent + ")"])


def _flat(value: Any) -> str:
    if isinstance(value, msgspec.Struct):
        name, arguments = _call(value)
        return f"{name}({', '.join(word + _flat(part) for word, part in arguments)})"
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if value == tuple(State):
        return "tuple(State)"
    if isinstance(value, tuple):
        return f"({', '.join(map(_flat, value))}{',' if len(value) == 1 else ''})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
