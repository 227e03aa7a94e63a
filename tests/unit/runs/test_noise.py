"""The test of permutation, its interval and Holm's correction are those of the tables, and keep what they promise."""

from __future__ import annotations

import math
import random

import pytest
from stormproof.runs import noise

EARLY, LATE = [1.1, 2.2, 3.3, 4.4, 5.5], [3.1, 4.2, 6.3, 7.4, 8.5]


def test_the_chance_is_that_of_mann_and_whitney() -> None:
    """`scipy.stats.mannwhitneyu(LATE, EARLY, method="exact").pvalue`, and `permutation_test` of ranks with ties (scipy 1.17.1)."""
    assert noise.chance(EARLY, LATE) == pytest.approx(0.15079365079365079)
    assert noise.chance([3, 1, 1, 2, 1], [2, 3, 2, 3, 4]) == pytest.approx(0.11904761904761904)


def test_the_chance_is_the_same_whichever_group_comes_first() -> None:
    assert noise.chance(EARLY, LATE) == pytest.approx(noise.chance(LATE, EARLY))


def test_what_is_the_same_in_all_runs_is_no_change() -> None:
    assert noise.chance([1.0] * 6, [1.0] * 6) == 1.0


@pytest.mark.parametrize("runs", [2, 5, 6, 8, 12])
def test_groups_that_lie_apart_have_the_least_chance_there_is(runs: int) -> None:
    chance = noise.chance([float(n) for n in range(runs)], [float(n) for n in range(100, 100 + runs)])
    if math.comb(2 * runs, runs) <= 20_000:
        assert chance == pytest.approx(noise.least_chance(runs, runs))
    else:
        assert 0 < chance < 0.001


def test_many_runs_are_dealt_by_chance_and_always_the_same() -> None:
    generator = random.Random(1)
    early, late = ([generator.gauss(0, 1) for _ in range(15)] for _ in range(2))
    assert noise.chance(early, late) == noise.chance(early, late)


@pytest.mark.parametrize(("runs", "critical"), [(4, 0), (5, 2), (6, 5), (7, 8), (8, 13), (10, 23)])
def test_the_interval_has_the_ends_of_the_published_table(runs: int, critical: int) -> None:
    """The critical values of U for 5 %, two-sided (Milton 1964, and any textbook): the differences beyond lie outside."""
    differences = sorted(late - early for early in _odd(runs) for late in _even(runs))
    found = noise.shift(_odd(runs), _even(runs))
    assert (found.low, found.high) == (differences[critical], differences[-critical - 1])


def _odd(runs: int) -> list[float]:
    return [n * n * 1.7 for n in range(runs)]


def _even(runs: int) -> list[float]:
    return [n * n * n * 0.9 + 0.3 for n in range(runs)]


def test_three_runs_have_no_interval_of_so_many_percent() -> None:
    found = noise.shift([1.0, 2.0, 3.0], [11.0, 12.0, 13.0])
    assert found == noise.Shift(by=10.0, low=-math.inf, high=math.inf)


def test_the_interval_holds_the_true_shift_as_often_as_it_says() -> None:
    generator = random.Random(2)
    held = 0
    for _ in range(1000):
        early = [generator.gauss(10, 1) for _ in range(6)]
        late = [generator.gauss(12, 1) for _ in range(6)]
        found = noise.shift(early, late)
        held += found.low <= 2 <= found.high
    assert held >= 940


def test_holm_takes_the_smallest_times_all_and_the_next_times_one_less() -> None:
    """The example of Holm 1979, section 2, in numbers."""
    corrected = noise.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert corrected == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert noise.holm({}) == {}
    assert noise.holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}


def test_so_many_runs_are_needed_that_the_least_chance_stands_correction() -> None:
    assert [noise.runs_needed(figures) for figures in (1, 6, 7, 23, 24)] == [4, 5, 6, 6, 7]
