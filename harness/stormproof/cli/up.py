"""`stormproof up`: a system that stands until it is told to stop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from stormproof.brokers.redis.server import Binary
from stormproof.engine.world import World
from stormproof.history.recorder import Recorder
from stormproof.runs import store
from stormproof.session.steering import Steering
from stormproof.spec.system import System


async def up(system: System, binary: Binary, runs: Path, say: Callable[[str], None], steer: Path | None = None) -> None:
    """Start everything, say where it answers, and stand until cancelled; with `steer`, only what takes part in storms, and steered by
    that socket. Raises ComponentError, RunFolderError.
    """
    folder = store.fresh_folder(runs, f"up-{system.name}")
    recorder = Recorder(folder / "history.jsonl")
    try:
        async with World(system, folder, recorder, binary, f"{random.SystemRandom().getrandbits(16):04x}") as world:
            world.phase("start")
            await world.start(everything=steer is None)
            for server in world.redis.values():
                say(f"{server.component:<16} {server.url}")
            for replica in world.replicas:
                say(f"{replica.name:<16} {replica.address if replica.spec.ready.http else f'pid {replica.pid}'}")
            say(f"{'mail':<16} smtp://127.0.0.1:{world.mail.port}")
            say(f"{'logs':<16} {folder / 'logs'}")
            async with Steering(world, steer, runs, binary) if steer else nullcontext():
                say("Ctrl-C stops everything.")
                await asyncio.Event().wait()
    finally:
        recorder.close()
