"""What is kept of an outcome: JSON that every caller can read, and words that every store can hold."""

from typing import Any

import pytest
from hardened.outcome import MOST_LEVELS, as_json, described


def nest(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, "null"),
        ({"a": (1, "ä")}, '{"a": [1, "\\u00e4"]}'),
        ({1: None}, '{"1": null}'),
        ("\U0001f431\x00", '"\\ud83d\\udc31\\u0000"'),
        (2**70, "1180591620717411303424"),
    ],
)
def test_what_json_has_a_word_for_is_written(result: Any, text: str) -> None:
    assert as_json(result) == text


@pytest.mark.parametrize(
    "result",
    [
        object(),
        {(1, 2): 3},
        float("nan"),
        [float("inf")],
        "\ud800",
        {"\ud83d\udc31": 1},
        {1: "a", "1": "b"},
        {True: 1, "true": 2},
        10**5000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_would_lose_or_spoil_is_refused(result: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        as_json(result)


def test_a_nest_is_written_up_to_the_limit() -> None:
    assert as_json(nest(MOST_LEVELS))
    for depth in (MOST_LEVELS + 1, 300, 100_000):
        with pytest.raises((ValueError, RecursionError)):
            as_json(nest(depth))


class WordlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("x"), ("ValueError", "x")),
        (KeyboardInterrupt(), ("KeyboardInterrupt", "")),
        (WordlessError(), ("WordlessError", "")),
        (ValueError("a\ud800\x00"), ("ValueError", "a\\ud800\x00")),
        (ValueError("x" * 10_000_000), ("ValueError", "x" * 500)),
        (type("X" * 1000, (Exception,), {})("x"), ("X" * 500, "x")),
    ],
    ids=lambda value: type(value).__name__[:20],
)
def test_an_error_is_type_and_message_in_words_that_can_be_stored(error: BaseException, told: tuple[str, str]) -> None:
    assert described(error) == told
    for words in told:
        words.encode()
