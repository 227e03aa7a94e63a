"""A submission's key can be found again wherever it has travelled."""

from __future__ import annotations

import base64
import itertools
import json
import re
import unicodedata

from stormproof.history import KEY_PATTERN
from stormproof.spec.trigger import LOOK_BYTES
from stormproof.spec.workload import key, number_of, text


def test_a_key_is_found_in_any_text_that_holds_it() -> None:
    assert re.findall(KEY_PATTERN, f"<{key('0a1f', 12)}@example.org>") == ["storm-0a1f-0012"]


def test_keys_of_different_places_are_different() -> None:
    assert len({key("0000", place) for place in (*range(50), 7000, 8000, 9000, 12345)}) == 54


TEXTS = [text(key("0a1f", place)) for place in (*range(40), 7000, 8000)]


def test_the_text_of_a_key_begins_with_it_and_is_always_the_same_and_no_other() -> None:
    assert text("storm-0a1f-0002") == TEXTS[2]
    assert TEXTS[2].startswith("storm-0a1f-0002:\n")
    assert len(set(TEXTS)) == len(TEXTS)


def test_texts_are_of_a_few_characters_and_of_many_so_that_a_cut_shows() -> None:
    sizes = sorted(map(len, TEXTS[:5]))
    assert sizes[0] < 60 and sizes[-1] > 1500
    assert all(later > 1.2 * former for former, later in itertools.pairwise(sizes))


def test_the_links_find_the_ids_of_a_message_with_the_longest_text() -> None:
    longest = max((json.dumps(written) for written in TEXTS), key=len)
    assert (
        len(base64.b64encode(longest.encode())) < LOOK_BYTES - 2500
    )  # Celery's headers repeat 1,024 characters of it.


def test_texts_have_all_lengths_of_utf_8_and_a_line_that_begins_with_a_dot() -> None:
    long = TEXTS[2]
    assert {len(letter.encode()) for letter in long} == {1, 2, 3, 4}
    assert "\n." in long


def test_no_honest_carrier_has_a_reason_to_change_a_text() -> None:
    for line in "\n".join(TEXTS).split("\n"):
        assert line == line.rstrip() and len(line) < 80 and line.isprintable()
        assert not set(line) & set("<>&\"'\\{}")
        assert unicodedata.is_normalized("NFC", line)


def test_a_key_of_a_test_of_ones_own_has_a_text_too() -> None:
    assert text("storm-0a1f-x").startswith("storm-0a1f-x:\n")


def test_the_number_of_a_submission_is_its_place_in_the_run() -> None:
    assert [number_of(key("00ab", place)) for place in (0, 7, 12345)] == [0, 7, 12345]
    assert number_of("") == number_of("strange") == 0
