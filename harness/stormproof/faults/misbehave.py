"""Have one task do what a bug in it would do: last, return what cannot be stored, raise what cannot be rebuilt, die."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Literal

from stormproof.fault import Evidence, Fault
from stormproof.system import System
from stormproof.world import World

Deed = Literal["hold", "hang", "return_unserialisable", "raise_unrebuildable", "exit"]


class Misbehave(Fault, frozen=True, kw_only=True, tag="misbehave"):
    """The probe in the worker runs this instead of (for `hold` and `hang`: before) the task at `place`; `place` None: all tasks.

    Healed by taking the order back; tasks that are held go on, one that hangs never does.
    """

    component: str = "worker"
    do: Deed
    place: int | None = None

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        todo: tuple[Deed, ...] = ("hold", "return_unserialisable", "raise_unrebuildable", "exit")
        return [cls(component=name, do=do) for name in system.in_storms("worker") for do in todo]

    @asynccontextmanager
    async def strike(self, world: World) -> AsyncIterator[Evidence]:
        key = "" if self.place is None else world.key(self.place)
        release = world.release_file(f"{self.do}-{key or 'all'}")
        do, until = ("hold", f"{release}-never") if self.do == "hang" else (self.do, str(release))
        order = {"key": key, "do": do, "until": until}
        world.orders.give(order)
        since = world.recorder.now()

        async def evidence() -> str:
            all_starts = [start for started in world.picture.starts_of_key.values() for start in started]
            starts = [start for start in all_starts if start.t >= since and start.key.startswith(key)]
            return f"{self.do} in process {starts[-1].pid}" if starts else ""

        try:
            yield evidence
        finally:
            release.touch()
            world.orders.take_back(order)
