"""Placeholders are filled in at every depth, numbers stay numbers, and what stands for nothing is refused."""

from __future__ import annotations

from typing import Any

import pytest
from stormproof.errors import DescriptionError
from stormproof.spec.templates import fill, fill_all, fill_known, texts, word

VALUES: dict[str, str | int] = {"key": "k", "number": 7}


def test_an_unknown_placeholder_is_named_with_those_that_exist() -> None:
    with pytest.raises(DescriptionError, match=r"env\.X: unknown placeholder \{redis\.brokr\.url\}; known: port"):
        fill("{redis.brokr.url}", {"port": "1"}, "env.X")


def test_templates_are_filled_at_every_depth() -> None:
    filled = fill_all({"a": ["{key}", {"b": "x-{key}", "n": 1}]}, VALUES, "submit.json")
    assert filled == {"a": ["k", {"b": "x-k", "n": 1}]}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{number}", 7),
        ("order-{number}", "order-7"),
        (["{number}", "{key}"], [7, "k"]),
        (3, 3),
        (None, None),
        ("{key}", "k"),
    ],
)
def test_a_number_alone_is_a_number_and_in_a_text_its_digits(template: Any, filled: Any) -> None:
    assert fill_all(template, VALUES, "submit.json") == filled


def test_what_is_not_known_can_be_left_as_it_is() -> None:
    assert fill_known("{key}/{other}", VALUES) == "k/{other}"


def test_every_text_of_a_template_is_found_but_no_name_of_a_field() -> None:
    assert list(texts({"a": ["b", {"c": "d"}], "e": 1})) == ["b", "d"]


@pytest.mark.parametrize(
    ("value", "said"),
    [("x", "x"), (7, "7"), (True, "true"), (False, "false"), (1.5, "1.5"), (None, ""), ([], ""), ({"a": 1}, "")],
)
def test_a_word_of_an_answer_is_written_as_in_a_description(value: Any, said: str) -> None:
    assert word(value) == said
