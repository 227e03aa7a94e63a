"""Quiescence: the proof that nothing can change any more without a new submission.

Nothing queued, nothing unacknowledged, nothing executing in a live process, nothing held back by the system itself, and no
event of a probe, for a stretch that is longer than any hand-over between two of these places takes. What waits only for the
visibility timeout is handed back by kombu's own restore, at once, and the history says so.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import httpx
from redis.exceptions import RedisError

from stormproof.history import FastForward, Probe, Quiescence
from stormproof.processes import is_running
from stormproof.system import pick
from stormproof.world import World

_CALM_S = 0.4
"""How long all must be still. A hand-over (queue to worker, worker to pool child) takes milliseconds."""

_ORPHAN_S = 1.5
"""How long an unacknowledged message may lie while all workers are idle, before it is taken for abandoned."""


class _Look:
    """What one look at the world found."""

    def __init__(self, queued: int, unacked: int, executing: int, backlog: int) -> None:
        self.queued, self.unacked, self.executing, self.backlog = queued, unacked, executing, backlog

    @property
    def empty(self) -> bool:
        return self.queued == self.unacked == self.executing == self.backlog == 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Look) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


async def settle(world: World, within_s: float) -> Quiescence:
    """Wait for quiescence, record it and return it; `proved` is False where the time ran out or Redis did not answer."""
    deadline = time.monotonic() + within_s
    last, since = None, time.monotonic()
    while True:
        look = await _look(world)
        now = time.monotonic()
        if look is None or look != last or world.recorder.now() - world.picture.last_probe_t < _CALM_S:
            last, since = look, now
        calm_s = now - since
        if look is not None:
            reason = _proof(world, look, calm_s)
            if reason:
                return _record(world, look, calm_s, proved=True, detail=reason)
            if look.unacked and not look.executing and calm_s > _ORPHAN_S and _worker_alive(world):
                await _fast_forward(world)
                last = None
        if calm_s > _longest_s(world, look) + 1:
            return _record(world, look, calm_s, proved=False, detail=f"not quiet, and no change for {calm_s:.0f} s")
        if now > deadline:
            return _record(world, look, calm_s, proved=False, detail=f"not quiet within {within_s:g} s")
        await asyncio.sleep(0.05)


def _longest_s(world: World, look: _Look | None) -> float:
    """How long nothing may change before more waiting would tell nothing new: until each promise is broken."""
    promises = world.system.promises
    return max(promises.stall_s, promises.recovery_s) if look is not None and look.executing else promises.stall_s


def _proof(world: World, look: _Look, calm_s: float) -> str:
    if world.clients.submitting:
        return ""
    if look.empty and calm_s >= _CALM_S:
        return "nothing queued, unacknowledged, executing or held back"
    nobody = not look.executing and not look.backlog and not _worker_alive(world)
    if nobody and not _restart_pending(world) and calm_s >= _CALM_S:
        return "messages are left, no worker lives, and nobody will start one"
    return ""


def _worker_alive(world: World) -> bool:
    return any(replica.alive for replica in world.components("worker"))


def _restart_pending(world: World) -> bool:
    return any(replica.spec.restart == "always" for replica in world.components("worker"))


async def _look(world: World) -> _Look | None:
    try:
        queued, unacked = await world.broker.depth()
        backlog = await _backlog(world)
    except (RedisError, OSError, TimeoutError, httpx.HTTPError, ValueError):
        return None
    return _Look(queued, unacked, len(_executing(world)), backlog)


def _executing(world: World) -> list[str]:
    return [task for (task, _), start in world.picture.executing.items() if _in_hand(world, start)]


def _in_hand(world: World, start: Probe) -> bool:
    """A pool process may outlive its worker and still be at work. And a worker whose pool process died has the task in its
    books: it may take ten seconds (billiard's `lost_worker_timeout`) until it says that the task failed, or gives it back.
    """
    return is_running(start.pid) or (is_running(start.parent) and not world.picture.has_moved_on(start))


async def _backlog(world: World) -> int:
    how = world.system.backlog
    if how is None:
        return 0
    answer = await world.http.get(world.address(how.component) + how.path, timeout=3)
    held = pick(answer.json(), how.field)
    if not isinstance(held, int):
        raise ValueError(f"{how.path} has no number at {how.field!r}")
    return held


async def _fast_forward(world: World) -> None:
    """Do what a worker would do when the visibility timeout is over, for all messages that no ETA holds back."""
    waiting = [tag for tag, headers in (await world.broker.unacked()).items() if not _has_future_eta(headers)]
    if not waiting:
        return
    headers = await world.broker.unacked()
    await asyncio.to_thread(_restore, world, waiting)
    task_ids = tuple(str(headers.get(tag, {}).get("id", tag)) for tag in waiting)
    world.recorder.add(FastForward(t=world.recorder.now(), store=world.broker.server.name, task_ids=task_ids))


def _has_future_eta(headers: dict[str, Any]) -> bool:
    eta = headers.get("eta")
    if not isinstance(eta, str):
        return False
    at = datetime.fromisoformat(eta)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) > datetime.now(UTC)


def _restore(world: World, tags: list[str]) -> None:
    with world.broker.celery().connection_for_write() as connection, connection.channel() as channel:
        for tag in tags:
            channel.qos.restore_by_tag(tag)


def _record(world: World, look: _Look | None, calm_s: float, *, proved: bool, detail: str) -> Quiescence:
    counts = vars(look or _Look(0, 0, 0, 0))
    unchanged_s = round(calm_s, 3) if look else 0.0
    in_hand, now = tuple(_executing(world)), world.recorder.now()
    found = Quiescence(t=now, proved=proved, in_hand=in_hand, unchanged_s=unchanged_s, detail=detail, **counts)
    world.recorder.add(found)
    return found
