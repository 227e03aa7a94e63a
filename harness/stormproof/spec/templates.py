"""The texts of a description: a number is accepted for a text, `{name}` is replaced by its value in this run, and a
dotted path selects a value from a system's answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from stormproof.errors import DescriptionError

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")


def _as_in_toml(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


def _as_in_redis_conf(value: Any) -> Any:
    if isinstance(value, str) and not value.isprintable():
        raise ValueError("has a character that no line can have; give several lines as a list")
    return ("yes" if value else "no") if isinstance(value, bool) else _as_in_toml(value)


def word(value: Any) -> str:
    """A value of a JSON document as a word, an id or a state, written as a `Text` would be; "" if it is not one."""
    written = _as_in_toml(value)
    return written if isinstance(written, str) else ""


Text = Annotated[str, BeforeValidator(_as_in_toml)]
"""A text. A number or a truth value is accepted and becomes the text that TOML has for it."""
_Line = Annotated[str, BeforeValidator(_as_in_redis_conf)]
Directive = Annotated[
    tuple[_Line, ...], BeforeValidator(lambda value: value if isinstance(value, list | tuple) else (value,))
]
"""The rest of a redis.conf directive's line: one, or a list for several such lines."""


def fill(text: str, values: Mapping[str, str | int], where: str) -> str:
    """Replace each `{name}` in `text`. Raises DescriptionError that names `where` if a name is unknown."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise DescriptionError(f"{where}: unknown placeholder {{{name}}}; known: {', '.join(sorted(values))}")
        return str(values[name])

    return _PLACEHOLDER.sub(value, text)


def fill_known(text: str, values: Mapping[str, str | int]) -> str:
    """Like `fill`, but leave unknown placeholders as they are."""
    return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), text)


def fill_all(template: Any, values: Mapping[str, str | int], where: str) -> Any:
    """Like `fill` for every text in nested lists and mappings. A text that consists only of the placeholder of a whole
    number becomes that number, not its digits.
    """
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        alone = values.get(whole[1]) if whole else None
        return alone if isinstance(alone, int) else fill(template, values, where)
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


def texts(template: Any) -> Iterator[str]:
    """Every text in nested lists and mappings, without the names of fields."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from texts(value)
    elif isinstance(template, list | tuple):
        for value in template:
            yield from texts(value)
