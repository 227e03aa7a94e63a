"""Planted bugs: a property is worth what it catches, so each is run on something that breaks it, and what broke it is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import find, settings
from hypothesis.strategies import SearchStrategy
from stormproof.sameness import brief

HERE = Path(__file__).parent
_SEED = 1


def smallest(
    examples: SearchStrategy[Any], holds: Callable[[Any], None], *, says: str = "", show: Callable[[Any], str] = brief
) -> str:
    """The smallest example for which `holds` raises AssertionError, with `says` in its words, as text.

    Raises Hypothesis' NoSuchExample where there is none: the property is blind.
    """

    def violated(example: Any) -> bool:
        try:
            holds(example)
        except AssertionError as error:
            return says in str(error)
        return False

    return show(find(examples, violated, settings=settings(max_examples=2000, database=None), random=Random(_SEED)))


def kept(part: str) -> dict[str, str]:
    """Bug -> smallest example, as `planted_<part>.txt` has them."""
    path = HERE / f"planted_{part}.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return dict(line.split(": ", 1) for line in lines)


def same_as_kept(part: str, bug: str, found: str) -> None:
    """Fails where a bug was caught by another example than the file has; `STORMPROOF_WRITE_SAID=1` writes it down."""
    if os.environ.get("STORMPROOF_WRITE_SAID"):
        now = {**kept(part), bug: found}
        text = "".join(f"{bug}: {example}\n" for bug, example in sorted(now.items()))
        (HERE / f"planted_{part}.txt").write_text(text, encoding="utf-8")
    assert found == kept(part).get(bug), f"read what caught it now, then write planted_{part}.txt again"
