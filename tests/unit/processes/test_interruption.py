"""Whoever stops a harness waits neither for its processes nor for what they still had to do."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from stormproof.errors import ComponentError
from stormproof.processes import interruption
from stormproof.processes.launcher import Launcher

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


async def stopped_by(number: signal.Signals, folder: Path, refused: list[str]) -> None:
    async with Launcher("stormproof-interrupted", folder) as launcher:
        running = await launcher.start("sleeps", SLEEPS, env=dict(os.environ), cwd=folder)
        os.kill(os.getpid(), number)
        try:
            await asyncio.sleep(60)
        finally:
            # As a fault does that waits for a process before it is healed.
            async with asyncio.timeout(30):
                await running.exited()
            try:
                await launcher.start("again", SLEEPS, env=dict(os.environ), cwd=folder)
            except ComponentError as error:
                refused.append(str(error))


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGTERM, asyncio.CancelledError), (signal.SIGINT, KeyboardInterrupt)]
)
def test_all_that_was_started_ends_before_the_work(
    number: signal.Signals, raised: type[BaseException], tmp_path: Path
) -> None:
    refused: list[str] = []
    with pytest.raises(raised):
        interruption.run(stopped_by(number, tmp_path, refused))
    assert refused == ["the run is over; nothing more is started"]


def test_work_that_ends_gives_its_result() -> None:
    async def work() -> int:
        return 5

    assert interruption.run(work()) == 5
