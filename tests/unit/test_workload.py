"""A submission's key can be found again wherever it has travelled."""

from __future__ import annotations

import re

from stormproof.history import KEY_PATTERN
from stormproof.workload import key, number_of


def test_a_key_is_found_in_any_text_that_holds_it() -> None:
    assert re.findall(KEY_PATTERN, f"<{key('0a1f', 12)}@example.org>") == ["storm-0a1f-0012"]


def test_keys_of_different_places_are_different() -> None:
    assert len({key("0000", place) for place in (*range(50), 7000, 8000, 9000, 12345)}) == 54


def test_the_number_of_a_submission_is_its_place_in_the_run() -> None:
    assert [number_of(key("00ab", place)) for place in (0, 7, 12345)] == [0, 7, 12345]
    assert number_of("") == number_of("strange") == 0
