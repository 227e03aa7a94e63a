"""The release in which a verdict changed is found in few steps, and what is like neither end is not guessed at."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.cli import bisect as bisecting
from stormproof.cli.bisect import Side
from stormproof.errors import UsageError
from stormproof.lab.versions import Row

RELEASES = [f"5.{number}" for number in range(16)]


def answer(first_good: int, **others: Side) -> tuple[tuple[str, str] | str, int]:
    asked: list[str] = []

    def ask(release: str) -> Side:
        asked.append(release)
        return others.get(release, "newer" if RELEASES.index(release) >= first_good else "older")

    return bisecting.search(RELEASES, ask), len(asked)


@pytest.mark.parametrize("first_good", range(1, len(RELEASES)))
def test_the_change_is_found_in_few_steps(first_good: int) -> None:
    found, steps = answer(first_good)
    assert found == (RELEASES[first_good - 1], RELEASES[first_good])
    assert steps <= 6


@pytest.mark.parametrize("release", ["5.0", "5.15", "5.7"])
def test_a_release_that_is_like_neither_end_is_named(release: str) -> None:
    assert answer(8, **{release: "neither"})[0] == release


def row(**expect: tuple[str, ...]) -> Row:
    return Row(name="flap", system=Path("s"), scenario=Path("c"), expect=expect)


def installed(**celery: str) -> dict[str, dict[str, str]]:
    return {name: {"celery": release, "kombu": f"{release}.1", "redis": "5"} for name, release in celery.items()}


def test_the_ends_are_put_in_order_of_release() -> None:
    expect = row(new=("no_task_lost.lost",), old=())
    found = bisecting.ends(expect, "celery", installed(new="5.10", old="5.9"), {"new": "p", "old": None})
    assert (found.older, found.newer, found.shows_older, found.shows_newer) == (
        "5.9",
        "5.10",
        (),
        ("no_task_lost.lost",),
    )
    assert (found.others, found.python) == ({"kombu": "5.10.1", "redis": "5"}, "p")


def test_ends_that_expect_the_same_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing to bisect"):
        bisecting.ends(row(new=(), old=()), "celery", installed(new="5.10", old="5.9"), {})


def test_ends_with_the_same_release_are_refused_with_the_mend() -> None:
    with pytest.raises(UsageError, match=r"both have celery 5\.9; name another"):
        bisecting.ends(row(new=("no_task_lost.lost",), old=()), "celery", installed(new="5.9", old="5.9"), {})
