"""Planted bugs: a property is worth what it catches, so each is run on something that breaks it, and what broke it is kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

import hypothesis
from hypothesis import find, settings
from hypothesis.strategies import SearchStrategy
from stormproof.serializers.exact import brief

HERE = Path(__file__).parent
HYPOTHESIS = "(found by Hypothesis)"
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
    """Bug -> smallest example, as `planted_<part>.txt` has them; and `HYPOTHESIS` -> which release found them."""
    path = HERE / f"planted_{part}.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return dict(line.split(": ", 1) for line in lines)


def same_as_kept(part: str, bug: str, found: str) -> None:
    """Fails where a bug was caught by another example than the file has; `STORMPROOF_WRITE_SAID=1` writes it down.

    Another release of Hypothesis may shrink to another example: then it counts that the bug was caught.
    """
    if os.environ.get("STORMPROOF_WRITE_SAID"):
        now = {**kept(part), bug: found, HYPOTHESIS: hypothesis.__version__}
        text = "".join(f"{name}: {now[name]}\n" for name in sorted(now, key=lambda name: (name != HYPOTHESIS, name)))
        (HERE / f"planted_{part}.txt").write_text(text, encoding="utf-8")
    before = kept(part)
    assert bug in before, f"{bug}: write planted_{part}.txt again, with STORMPROOF_WRITE_SAID=1"
    if before[HYPOTHESIS] == hypothesis.__version__:
        assert found == before[bug], f"read what caught it now, then write planted_{part}.txt again"


def none_is_gone(part: str, bugs: Iterable[str]) -> None:
    """Fails where the file has a bug that is not planted any more: it is the list that the documents quote."""
    assert sorted(kept(part)) == sorted([*bugs, HYPOTHESIS]), f"take out of planted_{part}.txt what is not planted"
