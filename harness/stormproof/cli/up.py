"""`stormproof up`: start a system and keep it running until it is stopped."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import click
from rich.console import Console

from stormproof.brokers.programs import find_binary
from stormproof.cli import arguments
from stormproof.processes import interruption
from stormproof.runs import store
from stormproof.session.session import Session
from stormproof.session.steering import Steering
from stormproof.spec import description
from stormproof.spec.system import System
from stormproof.spec.tables import Binary


async def up(system: System, binary: Binary, runs: Path, say: Callable[[str], None], steer: Path | None = None) -> None:
    """Start everything, print the addresses, and run until cancelled.

    With `steer`, start only what takes part in storms, controlled through that socket. Raises ComponentError,
    RunFolderError.
    """
    folder = store.fresh_folder(runs, f"up-{system.name}")
    seed = random.SystemRandom().getrandbits(32)
    async with Session.open(system, folder, binary, seed, everything=steer is None) as session:
        world = session.world
        for server in world.stores.values():
            say(f"{server.component:<16} {server.url}")
        for replica in world.replicas:
            say(f"{replica.name:<16} {replica.address if replica.spec.ready.http else f'pid {replica.pid}'}")
        for name, value in world.effects.values.items():
            say(f"{name:<16} {value}")
        say(f"{'logs':<16} {folder / 'logs'}")
        async with Steering(session, steer, runs) if steer else nullcontext():
            say("Ctrl-C stops everything.")
            await asyncio.Event().wait()


@click.command("up")
@arguments.system
@arguments.allow_host
@click.option(
    "--steer", type=click.Path(path_type=Path), help="A Unix socket through which another process controls the system."
)
@arguments.runs
def command(system: Path, allowed: tuple[str, ...], steer: Path | None, runs: Path) -> int:
    """Start a system for manual experiments, print its addresses, and stop everything on Ctrl-C."""
    console = Console()
    described = description.load(system, allowed=arguments.warn(allowed, console))
    binary = find_binary()
    try:
        interruption.run(
            up(described, binary, runs, lambda line: console.print(line, highlight=False, soft_wrap=True), steer)
        )
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("stopped")
    return 0
