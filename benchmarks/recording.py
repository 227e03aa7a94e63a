"""Tasks per second through a system, with and without the harness recording.

    python benchmarks/recording.py [--system system_under_test/hardened.toml] [--tasks 400] [--rounds 5]

Both ways the same clients submit over HTTP and the same mail server counts deliveries. With recording there are probes in
the workers, the sampler, the listener for events, and the history on disk; without, there is none of these.
Rounds alternate; quoted is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from stormproof.brokers.redis.server import find_binary
from stormproof.engine.world import World
from stormproof.history import AnyEvent, Effect
from stormproof.history.recorder import Recorder
from stormproof.spec import description
from stormproof.spec.system import System

_CLIENTS = 8


class Counting(Recorder):
    """Records as ever, and counts deliveries."""

    delivered = 0
    forget = False

    def add(self, event: AnyEvent) -> None:
        """Record an event, unless told to forget."""
        self.delivered += isinstance(event, Effect)
        if not self.forget:
            super().add(event)


class Unrecorded(World):
    """The same system with nobody watching: the probe's module is loaded and connects nothing."""

    def watch(self) -> None:
        """Watch nothing."""

    async def listening(self) -> None:
        """Nobody listens."""

    def probe_env(self) -> dict[str, str]:
        """Only what lets the module be found."""
        return {"PYTHONPATH": super().probe_env()["PYTHONPATH"]}


def _ready_by_log(system: System) -> System:
    worker = system.components["worker"]
    ready = worker.ready.model_copy(update={"log": r"ready\."})
    return system.model_copy(
        update={"components": {**system.components, "worker": worker.model_copy(update={"ready": ready})}}
    )


async def tasks_per_second(system: System, folder: Path, tasks: int, *, recording: bool) -> float:
    """Submit `tasks` as fast as `_CLIENTS` clients can, and count until the last e-mail is delivered."""
    recorder = Counting(folder / "history.jsonl")
    recorder.forget = not recording
    kind = World if recording else Unrecorded
    async with kind(_ready_by_log(system), folder, recorder, find_binary(), "0000") as world:
        await world.start()
        await _deliver(world, recorder, range(8000, 8000 + _CLIENTS))
        began = time.monotonic()
        await _deliver(world, recorder, range(tasks))
        return tasks / (time.monotonic() - began)


async def _deliver(world: World, recorder: Counting, places: range) -> None:
    due = list(places)
    goal = recorder.delivered + len(due)

    async def client(number: int) -> None:
        while due:
            returned = await world.clients.submit(world.key(due.pop()), number)
            if returned.outcome != "ok":
                raise SystemExit(f"a submission was not accepted: {returned.error}")

    await asyncio.gather(*(client(number) for number in range(_CLIENTS)))
    deadline = time.monotonic() + 120
    while recorder.delivered < goal:
        if time.monotonic() > deadline:
            raise SystemExit(f"{goal - recorder.delivered} e-mails were not delivered within 120 s")
        await asyncio.sleep(0.005)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", type=Path, default=Path("system_under_test/hardened.toml"))
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    system = description.load(given.system)
    found: dict[bool, list[float]] = {True: [], False: []}
    for round_number in range(given.rounds):
        for recording in (True, False) if round_number % 2 else (False, True):
            with tempfile.TemporaryDirectory() as folder:
                rate = asyncio.run(tasks_per_second(system, Path(folder), given.tasks, recording=recording))
            found[recording].append(rate)
            print(f"{'with' if recording else 'without'} recording: {rate:.0f} tasks/s", flush=True)
    ratio = statistics.median(found[True]) / statistics.median(found[False])
    spread = [f"{min(rates):.0f} to {max(rates):.0f}" for rates in found.values()]
    print(f"with / without recording: {ratio:.3f} (with: {spread[0]} tasks/s, without: {spread[1]} tasks/s)")


if __name__ == "__main__":
    main()
