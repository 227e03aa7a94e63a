"""Overwrite a stored result with garbage, as a misbehaving client, a wrong database number or a broken disk does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stormproof.spec.fault import Evidence, Fault, Target

_GARBAGE = b"\x93garbage\xff{"


class GarbleResult(Fault, frozen=True, kw_only=True, tag="garble_result"):
    """Replaces the stored result of the task at `place`, once it is there, in whichever Redis has it. There is nothing
    to heal.
    """

    component: str = "redis"
    place: int

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        servers = target.servers(self.component)
        key = target.key(self.place)
        told = ""

        async def evidence() -> str:
            nonlocal told
            task_id = target.accepted(self.place)
            if not told and task_id and task_id in target.picture.ended:
                sizes = [await server.overwrite(target.framework.result_key(task_id), _GARBAGE) for server in servers]
                told = f"overwrote {sum(sizes)} bytes of the result of {key}" if any(sizes) else ""
            return told

        yield evidence
