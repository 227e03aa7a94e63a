"""How the kit says that something does not hold: one sentence, in an AssertionError."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_LOOK_EVERY_S = 0.02


def claim(holds: object, sentence: str) -> None:
    """Raise AssertionError with the sentence, unless it holds."""
    if not holds:
        raise AssertionError(sentence)


@contextmanager
def raising_nothing(what: str) -> Iterator[None]:
    """Turn an exception in the block into an AssertionError that says what raised it."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"{what} raises {type(error).__name__}: {error}") from error


async def eventually(ask: Callable[[], Awaitable[T]], fits: Callable[[T], object], within_s: float) -> tuple[bool, T]:
    """Whether an answer that fits comes within the time, and the last answer."""
    deadline = time.monotonic() + within_s
    while True:
        answer = await ask()
        if fits(answer):
            return True, answer
        if time.monotonic() > deadline:
            return False, answer
        await asyncio.sleep(_LOOK_EVERY_S)
