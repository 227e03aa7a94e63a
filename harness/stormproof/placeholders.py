"""Placeholders such as `{key}` in the texts of a description, and dotted paths into the answers of a system."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stormproof.errors import DescriptionError

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")


def fill(text: str, values: Mapping[str, str], where: str) -> str:
    """Replace each `{name}` in `text`. Raises DescriptionError that names `where` for a name that is not known."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise DescriptionError(f"{where}: unknown placeholder {{{name}}}; known: {', '.join(sorted(values))}")
        return values[name]

    return _PLACEHOLDER.sub(value, text)


def fill_all(template: Any, values: Mapping[str, str], where: str) -> Any:
    """Like `fill` for every text in nested lists and mappings; a text that is `{number}` and nothing else becomes that whole number."""
    if template == "{number}" and "number" in values:
        return int(values["number"])
    if isinstance(template, str):
        return fill(template, values, where)
    if isinstance(template, Mapping):
        return {key: fill_all(value, values, where) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill_all(value, values, where) for value in template]
    return template


def pick(document: Any, path: str) -> Any:
    """The value at a dotted path of a JSON document, or None."""
    for part in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document
