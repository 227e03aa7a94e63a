"""Stop a component gracefully, as a deploy does."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Literal

from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.system import System


class Stop(Fault, frozen=True, kw_only=True, tag="stop"):
    """SIGTERM (a warm shutdown) or SIGQUIT (cold) to the main process, and SIGKILL to the whole tree after `grace_s`.

    Healed by starting it again.
    """

    component: str
    how: Literal["terminate", "quit"] = "terminate"
    grace_s: float = 10.0

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=name) for name in system.in_storms("worker", "api")]

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        victims = target.struck(self.component)
        target.expect_exit(self.component)
        for running in victims:
            running.signal(signal.SIGTERM if self.how == "terminate" else signal.SIGQUIT)

        async def evidence() -> str:
            gone = bool(victims) and not any(running.alive for running in victims)
            return f"exited with {', '.join(str(running.code) for running in victims)}" if gone else ""

        try:
            if not await target.recorder.until(lambda: not any(v.alive for v in victims), within_s=self.grace_s):
                for running in victims:
                    running.signal_tree(signal.SIGKILL)
            yield evidence
        finally:
            await target.start_again(self.component)
