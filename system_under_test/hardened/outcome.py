"""What is kept of an outcome: a result as JSON that every caller can read, an error in words that every store can hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

MOST_LEVELS = 100
"""Deeper nests of a result are refused: the API cannot answer 255, and callers' parsers have limits of their own."""

_MESSAGE_LIMIT_CHARACTERS = 500


def as_json(result: Any) -> str:
    """Raises TypeError, ValueError or RecursionError for what JSON has no word for, or would make something else of in silence."""
    text = json.dumps(result, allow_nan=False)  # Python's NaN is no JSON, and comes back as null.
    json.dumps(result, ensure_ascii=False).encode()  # Half a character has no UTF-8, and so no answer.
    if _levels(json.loads(text, object_pairs_hook=_distinct)) > MOST_LEVELS:
        raise ValueError(f"more than {MOST_LEVELS} levels of lists and mappings")
    return text


def described(error: BaseException) -> tuple[str, str]:
    """Type and message: what a caller may see. Never a traceback."""
    return _words(lambda: type(error).__name__), _words(lambda: str(error))


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("keys that differ, as 1 and '1' do, are one in JSON")
    return found


def _levels(value: Any) -> int:
    """How deep a JSON value is nested; found without recursion."""
    count, nests = 0, [value]
    while nests := [nest for nest in nests if isinstance(nest, list | dict)]:
        count += 1
        nests = [inner for nest in nests for inner in (nest.values() if isinstance(nest, dict) else nest)]
    return count


def _words(said: Callable[[], str]) -> str:
    try:
        # Half a character cannot be stored; an exception of somebody's making may say more than anybody wants to keep.
        return str.encode(said()[:_MESSAGE_LIMIT_CHARACTERS], "utf-8", "backslashreplace").decode()
    except Exception:  # An exception's own __str__ may be broken.
        return ""
