"""What becomes of each kind of value in each serializer, as Hypothesis finds it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, find, given, seed, settings
from stormproof.serializers import codec
from stormproof.serializers.codec import Passage
from stormproof.serializers.strategies import KINDS

ENOUGH = 200
"""Examples of a kind with which each of its outcomes was found tens of times."""

_SEED = 1
_ORDINARY_LIMIT = 1000
_PATIENT = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))


def drawn(kind: str, number: int = ENOUGH) -> list[Any]:
    """As many examples of a kind, the same each time; fewer where there are no more."""
    examples: list[Any] = []

    @seed(_SEED)
    @settings(_PATIENT, max_examples=number, phases=[Phase.generate])
    @given(KINDS[kind])
    def collect(value: Any) -> None:
        examples.append(value)

    collect()
    return examples


def passage(serializer: str, value: Any) -> Passage:
    """`codec.through`, as in a program: Hypothesis raises Python's limit of recursion, beyond which deep values are refused."""
    with ordinary_recursion():
        return codec.through(serializer, value)


def outcomes(serializer: str, examples: list[Any]) -> dict[str, Passage]:
    """Each outcome in words, with the first passage that showed it; in the order of the words."""
    found: dict[str, Passage] = {}
    for value in examples:
        one = passage(serializer, value)
        found.setdefault(one.what, one)
    return dict(sorted(found.items()))


def smallest(kind: str, serializer: str, what: str) -> Passage:
    """The smallest example of a kind of which this becomes. Raises Hypothesis' NoSuchExample where nothing does."""
    patient = settings(_PATIENT, max_examples=10 * ENOUGH)
    is_one = lambda value: passage(serializer, value).what == what  # noqa: E731 - `find` tells its name.
    return passage(serializer, find(KINDS[kind], is_one, settings=patient, random=Random(_SEED)))


@contextmanager
def ordinary_recursion() -> Iterator[None]:
    """Python's limit of recursion, as programs have it."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(_ORDINARY_LIMIT)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
