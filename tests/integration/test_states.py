"""A storm finds the worker in the state that was asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from stormproof import State
from stormproof.brokers.redis.server import find_binary
from stormproof.engine.states import bring_into, release
from stormproof.engine.world import World
from stormproof.history.recorder import Recorder
from stormproof.spec import description

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("state", "started", "received", "unacked"),
    [
        (State.IDLE, 0, 0, 0),
        (State.RUNNING_EARLY, 1, 1, 0),
        (State.RUNNING_LATE, 1, 1, 1),
        (State.HOLDING_ETA, 0, 1, 1),
        # Concurrency 2, prefetch 8: two run (acknowledged late), and no more than eight are in hand.
        (State.PREFETCHED, 2, 8, 8),
    ],
)
def test_the_worker_holds_what_its_state_says(
    tmp_path: Path, state: State, started: int, received: int, unacked: int
) -> None:
    async def story() -> None:
        recorder = Recorder(tmp_path / "history.jsonl")
        tutorial = description.load(ROOT / "system_under_test" / "tutorial.toml")
        async with World(tutorial, tmp_path, recorder, find_binary(), "5a5a") as world:
            await world.start()
            await bring_into(world, state)
            picture = world.picture
            assert len(picture.started) == started
            assert len(picture.received) == received
            # An early acknowledgement is written after the start; wait for it, but no longer than a moment.
            for _ in range(100):
                if (await world.messages.depth())[1] == unacked:
                    break
                await asyncio.sleep(0.02)
            assert (await world.messages.depth())[1] == unacked
            release(world)
            assert await recorder.until(lambda: len(picture.ended) >= started, within_s=10)
        recorder.close()

    asyncio.run(story())
