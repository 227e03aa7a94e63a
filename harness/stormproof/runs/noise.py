"""Whether two groups of numbers differ by more than chance, where a number is a whole run.

The requests of one run are no independent samples: they share a start, a machine's mood and a queue. So a run counts once, and
there are few: what the bootstrap promises of five numbers it does not hold (its intervals are too narrow), and no
distribution can be assumed. What holds for few is permutation: if nothing changed, each way of dealing the runs to the
two groups was as likely as the one that came (Fisher, *The Design of Experiments*, 1935). The statistic is the sum of ranks (Wilcoxon 1945; Mann
and Whitney 1947), the interval that of Hodges and Lehmann (1963): all shifts that the same test would not refuse. Several figures
at once are corrected after Holm (1979). scipy has the same tests, and with numpy takes 200 MB for the sixty lines below, whose
results were compared with its own and are held by tests.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

import msgspec

LEVEL = 0.05
"""How often, at most, anything is called changed where nothing has: all figures of a comparison together."""

_MOST_DEALS = 20_000
"""All ways of dealing are tried up to so many (8 and 8 runs have 12,870); beyond, so many are drawn, always the same."""
_ROUNDING = 1e-9


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """By how much the second group lies above the first: the median of all differences between two runs, and the interval of 95 %.

    The ends are infinite where so few runs say nothing of them.
    """

    by: float
    low: float
    high: float


def chance(before: Sequence[float], after: Sequence[float]) -> float:
    """How likely, were there no change, the groups' ranks would lie at least so far apart, either way (the p-value).

    Where the deals are drawn and not all tried, the one that came counts as one of them (Phipson and Smyth 2010): it is never 0.
    """
    ranks = _ranks([*before, *after])
    size, expected = len(after), len(after) * (len(before) + len(after) + 1) / 2
    came = abs(sum(ranks[len(before) :]) - expected) - _ROUNDING
    if math.comb(len(ranks), size) <= _MOST_DEALS:
        deals = [abs(sum(deal) - expected) >= came for deal in itertools.combinations(ranks, size)]
        return sum(deals) / len(deals)
    generator = random.Random(0)
    far = sum(abs(sum(generator.sample(ranks, size)) - expected) >= came for _ in range(_MOST_DEALS))
    return (far + 1) / (_MOST_DEALS + 1)


def least_chance(before: int, after: int) -> float:
    """The smallest that `chance` can be for so many runs, when all of one group lie above all of the other."""
    return 2 / math.comb(before + after, after)


def runs_needed(figures: int) -> int:
    """How many runs of each group it takes to call one of so many figures changed."""
    return next(runs for runs in itertools.count(2) if least_chance(runs, runs) * max(1, figures) <= LEVEL)


def shift(before: Sequence[float], after: Sequence[float]) -> Shift:
    """By how much, and between which bounds (this figure alone, uncorrected)."""
    differences = sorted(late - early for early in before for late in after)
    outside = _outside(len(before), len(after))
    if outside == 0:
        return Shift(by=statistics.median(differences), low=-math.inf, high=math.inf)
    return Shift(by=statistics.median(differences), low=differences[outside - 1], high=differences[-outside])


def holm(chances: Mapping[str, float]) -> dict[str, float]:
    """The same, corrected for their number: each may be held against `LEVEL`, and one false alarm in all has at most that chance."""
    corrected: dict[str, float] = {}
    worst = 0.0
    for place, (name, value) in enumerate(sorted(chances.items(), key=lambda each: each[1])):
        worst = max(worst, min(1.0, value * (len(chances) - place)))
        corrected[name] = worst
    return corrected


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each in order, from 1; those that are equal share the middle of their places."""
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + 1 + bisect_right(ordered, value)) / 2 for value in values]


@functools.cache
def _outside(before: int, after: int) -> int:
    """How many of the smallest differences lie outside the interval, and as many of the largest."""
    ways = _ways(before, after)
    total, seen = sum(ways), 0
    for place, count in enumerate(ways):
        seen += count
        if seen / total > LEVEL / 2:
            return place
    return 0


def _ways(before: int, after: int) -> list[int]:
    """In how many deals the second group wins 0, 1, 2 ... of all duels: the coefficients of a Gaussian binomial."""
    ways = [1] + [0] * (before * after)
    for size in range(1, after + 1):
        for place in range(len(ways) - 1, before + size - 1, -1):
            ways[place] -= ways[place - before - size]
        for place in range(size, len(ways)):
            ways[place] += ways[place - size]
    return ways
