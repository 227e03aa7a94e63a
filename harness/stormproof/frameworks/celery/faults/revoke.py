"""Revoke a task, as a user who presses "cancel" does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stormproof.spec.fault import Evidence, Fault, Target

_REPLY_S = 3.0


class Revoke(Fault, frozen=True, kw_only=True, tag="revoke"):
    """Celery's control command, without `terminate`, for the task that was submitted at `place`.

    Bitten when a worker has answered that it knows. Nothing to heal.
    """

    component: str = "worker"
    place: int

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        task_ids = sorted(target.picture.submissions.tasks(target.key(self.place)))
        control = target.broker.celery().control
        answers = await asyncio.to_thread(control.revoke, task_ids, reply=True, timeout=_REPLY_S)

        async def evidence() -> str:
            return f"{', '.join(next(iter(answer)) for answer in answers)} was told" if answers and task_ids else ""

        yield evidence
