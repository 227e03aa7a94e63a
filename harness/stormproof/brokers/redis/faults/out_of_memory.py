"""Fill a Redis: it refuses whatever needs memory, and continues to read and delete."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.system import System


class OutOfMemory(Fault, frozen=True, kw_only=True, tag="out_of_memory"):
    """`maxmemory` below the memory in use, policy `noeviction`. It has taken effect when a client of the system was
    refused.

    Healed by lifting the limit.
    """

    component: str = "redis"

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=f"redis.{name}") for name in system.redis]

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        servers = target.servers(self.component)
        for server in servers:
            await server.configure(maxmemory_policy="noeviction", maxmemory="1")

        async def evidence() -> str:
            for server in servers:
                refused = (await server.info("errorstats")).get("errorstat_OOM", {})
                if refused:
                    return f"{server.component} refused {refused['count']} commands"
            return ""

        try:
            yield evidence
        finally:
            for server in servers:
                await server.configure(maxmemory="0")
