"""A scenario as the Python file that a person would have written by hand, ready for `chaos/`."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import msgspec

from stormproof.scenario import Scenario, State
from stormproof.wire.trigger import Trigger

_WIDTH = 120
_STEP = 4


def as_file(scenario: Scenario, docstring: str) -> str:
    """The text of the file. Only what differs from its default is said; executing it gives an equal scenario."""
    names = sorted(_names(msgspec.structs.replace(scenario, cure="")))
    imports = f"from stormproof import {', '.join(names)}"
    if len(imports) > _WIDTH:
        imports = "from stormproof import (\n" + "".join(f"    {name},\n" for name in names) + ")"
    body = _render(msgspec.structs.replace(scenario, cure=""), 0, len("scenario = "), explode=True)
    return f'"""{docstring.strip()}\n"""\n\n{imports}\n\nscenario = {body}\n'


def _names(value: Any) -> set[str]:
    """The classes that the text of a value names."""
    if isinstance(value, Trigger) and value.direction != "push":
        return {_WORD[value.direction]}
    if isinstance(value, msgspec.Struct):
        inner = (_names(part) for _, part in _said(value))
        return {type(value).__name__}.union(*inner)
    if isinstance(value, Enum):
        return {type(value).__name__}
    if isinstance(value, tuple):
        return set().union(*map(_names, value))
    return set()


def _said(value: msgspec.Struct) -> list[tuple[str, Any]]:
    """The fields that differ from their defaults."""
    fields = ((field.name, getattr(value, field.name), field.default) for field in msgspec.structs.fields(value))
    return [(name, part) for name, part, default in fields if part != default]


def _render(value: Any, indent: int, before: int, *, explode: bool = False) -> str:
    """The text of a value that begins in column `indent + before`; over several lines where it must."""
    flat = _flat(value)
    if not explode and indent + before + len(flat) + 1 <= _WIDTH:
        return flat
    inner, pad = indent + _STEP, " " * (indent + _STEP)
    if isinstance(value, Trigger) and value.direction != "push":
        return f"{_WORD[value.direction]}(\n{''.join(f'{pad}{part},\n' for part in _trigger(value))}{' ' * indent})"
    if isinstance(value, msgspec.Struct):
        parts = [f"{pad}{name}={_render(part, inner, len(name) + 1)},\n" for name, part in _said(value)]
        return f"{type(value).__name__}(\n{''.join(parts)}{' ' * indent})" if parts else flat
    if isinstance(value, tuple):
        parts = [f"{pad}{_render(part, inner, 0)},\n" for part in value]
        return f"(\n{''.join(parts)}{' ' * indent})"
    return flat


_WORD = {"request": "sends", "reply": "receives"}


def _trigger(value: Trigger) -> list[str]:
    """The words of `sends` and `receives`, which is how people write a trigger."""
    said = [(name, part) for name, part in _said(value) if name not in ("component", "command", "direction")]
    command = [] if value.command == "*" else [_flat(value.command)]
    return [_flat(value.component), *command, *(f"{name}={_flat(part)}" for name, part in said)]


def _flat(value: Any) -> str:
    if isinstance(value, Trigger) and value.direction != "push":
        return f"{_WORD[value.direction]}({', '.join(_trigger(value))})"
    if isinstance(value, msgspec.Struct):
        return f"{type(value).__name__}({', '.join(f'{name}={_flat(part)}' for name, part in _said(value))})"
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, tuple):
        if value == tuple(State):
            return "tuple(State)"
        return f"({', '.join(map(_flat, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
