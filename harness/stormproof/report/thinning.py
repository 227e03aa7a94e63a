"""Chooses the steps of a long life that are worth showing."""

from __future__ import annotations

from collections.abc import Iterator

from stormproof.report.sequence import Life

MOST_STEPS = 80

_SURE = 9
"""The rank of a step that is never left out."""


def kept(life: Life, most: int = MOST_STEPS) -> list[int]:
    """Return the indexes of the steps to show, at most `most` if possible.

    Left out first: repeated polls, then the wrapping of transactions, then other messages, then the rest; each from the
    middle of the life outwards. The submission, the last chance, and the last step always stay.
    """
    excess = len(life.steps) - most
    if excess <= 0:
        return list(range(len(life.steps)))
    ranks = [_rank(life, number) for number in range(len(life.steps))]
    by_worth = sorted(
        (number for number, rank in enumerate(ranks) if rank < _SURE),
        key=lambda number: (ranks[number], -_remoteness(life, number)),
    )
    dropped = set(by_worth[:excess])
    return [number for number in range(len(life.steps)) if number not in dropped]


def _rank(life: Life, number: int) -> int:
    step = life.steps[number]
    if number in (0, life.last_chance, len(life.steps) - 1):
        return _SURE
    if step.stopped or step.kind in ("fault", "end"):
        return 5
    if step.kind != "message":
        return 4
    if step.poll:
        return 0
    return 1 if step.text.rpartition(" ")[2] in ("MULTI", "EXEC") else 2


def _remoteness(life: Life, number: int) -> int:
    anchors = [0, len(life.steps) - 1, *([] if life.last_chance is None else [life.last_chance])]
    return min(abs(number - anchor) for anchor in anchors)


def left_out(life: Life, shown: list[int]) -> str:
    """Return a sentence about how many steps are not shown; empty if all are."""
    among = set(shown)
    gone = [step for number, step in enumerate(life.steps) if number not in among]
    if not gone:
        return ""
    polls = sum(step.poll for step in gone)
    return f"{len(gone)} of {len(life.steps)} steps are left out, {polls} of them status polls."


def gaps(shown: list[int]) -> Iterator[tuple[int, int]]:
    """Return each shown step with the number of steps left out right before it."""
    before = -1
    for number in shown:
        yield number, number - before - 1
        before = number
