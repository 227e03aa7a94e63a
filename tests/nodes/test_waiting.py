"""Waiting ends when the condition holds, and at its bound."""

from __future__ import annotations

import pytest
from pytest_docker_tools.exceptions import TimeoutError  # noqa: A004 - the one that callers expect.
from stormproof.pytest_celery.waiting import wait_for_callable


def test_it_asks_until_the_answer_is_yes() -> None:
    answers = [False, False, True, False]
    wait_for_callable("waiting", lambda: answers.pop(0), 5)
    assert answers == [False]


def test_it_gives_up_with_the_error_that_callers_expect() -> None:
    with pytest.raises(TimeoutError, match="Timeout of 0s exceeded"):
        wait_for_callable("waiting", lambda: False, 0)
