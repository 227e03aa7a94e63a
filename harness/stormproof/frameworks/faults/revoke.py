"""Cancel a task, as a user who presses "cancel" does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.seams import FRAMEWORKS
from stormproof.spec.system import System


class Revoke(Fault, frozen=True, kw_only=True, tag="revoke"):
    """Cancels the task that was submitted at `place`, in the framework's way: Celery's control command `revoke`,
    without `terminate`.

    It has taken effect when a worker has confirmed it. There is nothing to heal.
    """

    component: str = "worker"
    place: int

    def why_not(self, system: System) -> str:
        """Why nothing can be cancelled."""
        if hasattr(FRAMEWORKS.get(system.framework), "cancel"):
            return system.lacks(self.target)
        return f"{system.framework} cannot cancel a task"

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        task_ids = sorted(target.picture.submissions.tasks(target.key(self.place)))
        told = await asyncio.to_thread(target.framework.cancel, target.messages, task_ids)

        async def evidence() -> str:
            return f"{', '.join(told)} was told" if told and task_ids else ""

        yield evidence
