"""Make a Redis evict its keys, as one that is configured as a cache does when it is full."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.system import System


class Evict(Fault, frozen=True, kw_only=True, tag="evict"):
    """`allkeys-random` with no memory at all, until keys are gone; the limit is lifted again at the end."""

    component: str = "redis"

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=f"redis.{name}") for name in system.redis]

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        servers = target.servers(self.component)
        for server in servers:
            await server.configure(maxmemory_policy="allkeys-random", maxmemory="1")

        async def evidence() -> str:
            evicted = {s.component: (await s.info("stats")).get("evicted_keys", 0) for s in servers}
            return ", ".join(f"{name} evicted {n} keys" for name, n in evicted.items() if n)

        try:
            yield evidence
        finally:
            for server in servers:
                await server.configure(maxmemory="0", maxmemory_policy="noeviction")
