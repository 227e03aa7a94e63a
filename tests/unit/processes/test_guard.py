"""Work is ended with the error of whoever noticed it."""

from __future__ import annotations

import asyncio

import pytest
from stormproof.processes.guard import Guard


async def works_for_ever(guard: Guard) -> None:
    with guard:
        await asyncio.Event().wait()


def test_the_work_ends_with_the_first_error_that_was_noticed() -> None:
    async def story() -> int:
        guard = Guard()
        work = asyncio.create_task(works_for_ever(guard))
        await asyncio.sleep(0)
        guard.fail(OSError("first"))
        guard.fail(OSError("second"))
        with pytest.raises(OSError, match="first"):
            await work
        return work.cancelling()

    assert asyncio.run(story()) == 0


def test_an_error_on_the_way_out_does_not_hide_the_reason() -> None:
    async def story() -> None:
        guard = Guard()
        with guard:
            guard.fail(OSError("the reason"))
            try:
                await asyncio.sleep(60)
            finally:
                raise ValueError("could not heal")

    with pytest.raises(OSError, match="the reason"):
        asyncio.run(story())


def test_work_that_is_cancelled_by_others_is_cancelled() -> None:
    async def story() -> None:
        work = asyncio.create_task(works_for_ever(Guard()))
        await asyncio.sleep(0)
        work.cancel()
        await work

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(story())


def test_work_that_nothing_befalls_ends_as_it_would() -> None:
    async def story() -> int:
        with Guard():
            return 5

    assert asyncio.run(story()) == 5
