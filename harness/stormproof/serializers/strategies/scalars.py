"""Numbers, and other values that hold no others."""

from __future__ import annotations

import math
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_MOST_DIGITS = 4300
"""Python turns no longer integer into text unless it is told to (`sys.set_int_max_str_digits`)."""


def constants() -> SearchStrategy[bool | None]:
    """`True == 1` and `False == 0`, so that a mapping holds one of the two only."""
    return st.sampled_from([None, False, True])


def integers_of_53_bits() -> SearchStrategy[int]:
    """What every JSON reader holds exactly."""
    return st.integers(-(2**53), 2**53)


def integers_of_64_bits() -> SearchStrategy[int]:
    """Beyond 2**53: a reader that takes every number for a float, as JavaScript's does, rounds them."""
    return st.integers(2**53 + 1, 2**64 - 1) | st.integers(-(2**63), -(2**53) - 1)


def integers_beyond_64_bits() -> SearchStrategy[int]:
    """From 2**64 and below -2**63: binary formats have no room for them."""
    return st.integers(2**64, 2**1000) | st.integers(-(2**1000), -(2**63) - 1)


def integers_of_many_digits() -> SearchStrategy[int]:
    """More than 4,300 digits: Python itself refuses to write them down, so that whatever logs or encodes one fails."""
    digits = st.sampled_from([_MOST_DIGITS, 2 * _MOST_DIGITS])
    return st.builds(lambda digits, sign: sign * 10**digits, digits, st.sampled_from([1, -1]))


def floats() -> SearchStrategy[float]:
    """Finite ones, with the smallest and the largest: the last digit is lost where one is written with fewer than 17."""
    edges = st.sampled_from([0.1, 5e-324, 1.7976931348623157e308, 1e16, 1e-7, 1 / 3])
    return edges | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x != 0 or math.copysign(1, x) > 0)


def negative_zero() -> SearchStrategy[float]:
    """It equals zero, and is another: `1 / x` and `atan2` tell."""
    return st.just(-0.0)


def nan_and_infinities() -> SearchStrategy[float]:
    """JSON has none of them: Python writes words that are no JSON, and other readers fail. NaN differs from itself."""
    return st.sampled_from([math.nan, math.inf, -math.inf])


def decimals() -> SearchStrategy[Decimal]:
    """Money. By way of a float they lose digits; `1.0` and `1.00` are equal and are not the same."""
    edges = st.sampled_from([Decimal("0.1"), Decimal("1.00"), Decimal("1E+5"), Decimal("0." + "1" * 40)])
    return edges | st.decimals(allow_nan=False, allow_infinity=False)


def decimals_that_are_no_numbers() -> SearchStrategy[Decimal]:
    """NaN with and without a payload, the signalling NaN, which cannot be compared without an exception, infinities, -0 and tiny zeros."""
    return st.sampled_from("NaN sNaN -NaN123 Infinity -Infinity -0 0E+10 -0E-400".split()).map(Decimal)


def fractions() -> SearchStrategy[Fraction]:
    """Exact thirds: nearly every format has to refuse them."""
    return st.fractions()


def complex_numbers() -> SearchStrategy[complex]:
    """Two floats in one value, each of which may be NaN or -0.0."""
    return st.complex_numbers()


def uuids() -> SearchStrategy[uuid.UUID]:
    """Identifiers of rows and tasks, which may come back as text."""
    return st.uuids()


def ranges() -> SearchStrategy[range]:
    """They look like lists and are none."""
    return st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([1, 2, -1]))


def paths() -> SearchStrategy[PurePosixPath]:
    """Names of files, which may come back as text."""
    return st.lists(st.sampled_from(["a", "..", "b.txt", "é"]), max_size=3).map(lambda parts: PurePosixPath(*parts))


def functions_and_classes() -> SearchStrategy[Any]:
    """What is known by its name: a format that carries the name imports it at the receiver's."""
    return st.sampled_from([len, int, Decimal, math.sqrt])


def nameless_functions() -> SearchStrategy[Any]:
    """Lambdas: no receiver can find them by name."""
    return st.sampled_from([lambda: None])
