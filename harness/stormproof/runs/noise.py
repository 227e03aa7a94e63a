"""Whether two groups of numbers differ by more than chance, where a number is a whole run.

The requests of one run are not independent samples: they share a start, the state of the machine and a queue. So each run
counts once, and there are few runs. With five numbers, the bootstrap's intervals are too narrow, and no distribution can be
assumed. A permutation test works with few numbers: if nothing changed, every way of dividing the runs into the two groups
was as likely as the observed one (Fisher, *The Design of Experiments*, 1935). The statistic is the sum of ranks (Wilcoxon
1945; Mann and Whitney 1947), and the interval is that of Hodges and Lehmann (1963): all shifts that the same test would not
reject. Several figures at once are corrected with Holm's method (1979). scipy has the same tests, but with numpy takes
200 MB to replace the sixty lines below, whose results were compared with scipy's and are covered by tests.
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
"""The highest false alarm rate: how often anything is reported as changed if nothing has, over all figures of a comparison."""

_MOST_DEALS = 20_000
"""Up to this many permutations are all tried (8 and 8 runs have 12,870). If there are more, this many are drawn, always the same."""
_ROUNDING = 1e-9


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """By how much the second group is above the first: the median of all differences between two runs, and the 95 % interval.

    An end is infinite if there are too few runs to determine it.
    """

    by: float
    low: float
    high: float


def chance(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the two-sided p-value: how likely the groups' ranks would be at least this far apart if nothing had changed.

    If permutations are drawn instead of all tried, the observed one counts as one of them (Phipson and Smyth 2010), so the
    result is never 0.
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
    """Return the smallest possible `chance` for this many runs, when all of one group are above all of the other."""
    return 2 / math.comb(before + after, after)


def runs_needed(figures: int) -> int:
    """Return how many runs of each group are needed to detect a change in one of this many figures."""
    return next(runs for runs in itertools.count(2) if least_chance(runs, runs) * max(1, figures) <= LEVEL)


def shift(before: Sequence[float], after: Sequence[float]) -> Shift:
    """Return the shift and its bounds, for this figure alone (uncorrected)."""
    differences = sorted(late - early for early in before for late in after)
    outside = _outside(len(before), len(after))
    if outside == 0:
        return Shift(by=statistics.median(differences), low=-math.inf, high=math.inf)
    return Shift(by=statistics.median(differences), low=differences[outside - 1], high=differences[-outside])


def holm(chances: Mapping[str, float]) -> dict[str, float]:
    """Return the chances corrected for their number. Compare each with `LEVEL`: the chance of any false alarm is then at most `LEVEL`."""
    corrected: dict[str, float] = {}
    worst = 0.0
    for place, (name, value) in enumerate(sorted(chances.items(), key=lambda each: each[1])):
        worst = max(worst, min(1.0, value * (len(chances) - place)))
        corrected[name] = worst
    return corrected


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each number, from 1; equal numbers share the mean of their ranks."""
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + 1 + bisect_right(ordered, value)) / 2 for value in values]


@functools.cache
def _outside(before: int, after: int) -> int:
    """Return how many of the smallest differences, and as many of the largest, are outside the interval."""
    ways = _ways(before, after)
    total, seen = sum(ways), 0
    for place, count in enumerate(ways):
        seen += count
        if seen / total > LEVEL / 2:
            return place
    return 0


def _ways(before: int, after: int) -> list[int]:
    """Return in how many permutations the second group wins 0, 1, 2 ... of all pairs: the coefficients of a Gaussian binomial."""
    ways = [1] + [0] * (before * after)
    for size in range(1, after + 1):
        for place in range(len(ways) - 1, before + size - 1, -1):
            ways[place] -= ways[place - before - size]
        for place in range(size, len(ways)):
            ways[place] += ways[place - size]
    return ways
