"""Freeze processes: they keep their connections and answer nothing, as on a machine that swaps or is live-migrated."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import psutil

from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.system import System


class Pause(Fault, frozen=True, kw_only=True, tag="pause"):
    """SIGSTOP to the whole tree; healed by SIGCONT."""

    component: str

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=name) for name in (*system.in_storms("worker", "api"), *system.server_names)]

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        victims = [running for running in target.struck(self.component) if running.alive]
        for running in victims:
            running.signal_tree(signal.SIGSTOP)

        async def evidence() -> str:
            pids = [running.pid for running in victims if running.alive]
            frozen = bool(pids) and all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in pids)
            return f"process {', '.join(map(str, pids))} is stopped" if frozen else ""

        try:
            yield evidence
        finally:
            for running in victims:
                running.signal_tree(signal.SIGCONT)
