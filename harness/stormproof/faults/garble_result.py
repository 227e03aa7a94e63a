"""Overwrite a stored result with garbage, as a wrong client, a wrong database number or a broken disk does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stormproof.fault import Evidence, Fault
from stormproof.world import World

_GARBAGE = b"\x93garbage\xff{"


class GarbleResult(Fault, frozen=True, kw_only=True, tag="garble_result"):
    """Replaces the stored result of the task at `place`, once it is there, in whichever Redis has it. Nothing to heal."""

    component: str = "redis"
    place: int

    @asynccontextmanager
    async def strike(self, world: World) -> AsyncIterator[Evidence]:
        servers = world.servers(self.component)
        key = world.key(self.place)
        told = ""

        async def evidence() -> str:
            nonlocal told
            task_id = world.clients.accepted.get(key)
            if not told and task_id and task_id in world.picture.ended:
                sizes = [await server.overwrite(f"celery-task-meta-{task_id}", _GARBAGE) for server in servers]
                told = f"overwrote {sum(sizes)} bytes of the result of {key}" if any(sizes) else ""
            return told

        yield evidence
