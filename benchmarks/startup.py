"""Time from nothing to ready, against the sum of the components' own start-up times.

    python benchmarks/startup.py [--system system_under_test/hardened.toml] [--rounds 5]

Each round starts every component alone, one after the other (their own times), and then the whole system at once.
Quoted is the ratio of the medians, as the machine's noise strikes both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from stormproof.brokers.redis.server import find_binary
from stormproof.engine.world import opened
from stormproof.spec import description
from stormproof.spec.system import System


async def whole(system: System, folder: Path) -> float:
    """Seconds from nothing to ready."""
    began = time.monotonic()
    async with opened(system, folder, find_binary(), "0000") as world:
        await world.start()
        return time.monotonic() - began


async def alone(system: System, folder: Path) -> float:
    """The sum of the seconds that each component needs when nothing else starts."""
    own = 0.0
    async with opened(system, folder, find_binary(), "0000") as world:
        for name in world.stores:
            began = time.monotonic()
            await world.start_server(world.stores[name])
            own += time.monotonic() - began
        world.watch()
        for replica in world.replicas:
            if replica.spec.in_storms:
                began = time.monotonic()
                await replica.start()
                await replica.ready()
                own += time.monotonic() - began
    return own


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", type=Path, default=Path("system_under_test/hardened.toml"))
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    system = description.load(given.system)
    pairs = []
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            pairs.append((asyncio.run(alone(system, Path(first))), asyncio.run(whole(system, Path(second)))))
            print(f"components alone {pairs[-1][0]:.2f} s, whole system {pairs[-1][1]:.2f} s", flush=True)
    ratios = sorted(whole_s / alone_s for alone_s, whole_s in pairs)
    print(
        f"nothing to ready / sum of own times: median {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


if __name__ == "__main__":
    main()
