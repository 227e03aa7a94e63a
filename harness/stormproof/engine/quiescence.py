"""Quiescence: the proof that nothing can change any more without a new submission.

Nothing is queued, unacknowledged, executing in a live process, or held back by the system itself, and there is no event
of a probe, for longer than any hand-over between two of these places takes. Messages that no live worker holds any
more, or that wait only for a timeout, are returned to the queue at once, as their framework would do it, and the
history records that.

`decide` is the rule, and pure; the rest of this file observes and acts.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from stormproof.drivers.driver import HoldsBack
from stormproof.engine.world import World
from stormproof.errors import UnreachableError
from stormproof.frameworks.framework import Hold, Unacked
from stormproof.history import FastForward, Probe, Quiescence
from stormproof.processes.launcher import is_running
from stormproof.processes.replica import Replica

CALM_S = 0.4
"""Seconds for which nothing may change. A hand-over (queue to worker, worker to pool child) takes milliseconds."""

ABANDONED_S = 1.5
"""Seconds without change before an abandoned message is handed back. By then, a worker that was about to end or restart
has done so.
"""

DONE_S = 3.0
"""The same for a message whose task has been executed to its end by a worker that is still alive. Where greenlets send
the acknowledgement, it takes up to 2 s (measured); one that is later than this is lost.
"""

_LOOK_EVERY_S = 0.05


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one look at the run.

    `astray`: messages in lists that no worker of the system reads. `in_hand`: the ids of the tasks that execute. Of the
    unacknowledged messages: `held` counts those that live workers hold. `abandoned` holds the tags of those that no
    live worker holds, that do not execute, and that a live worker would hand back one day. `done` is the same for those
    whose worker is alive and has executed their task to its end. `unseen` counts those whose holder is unknown.
    """

    queued: int = 0
    astray: int = 0
    unacked: int = 0
    held: int = 0
    in_hand: tuple[str, ...] = ()
    backlog: int = 0
    abandoned: frozenset[bytes] = frozenset()
    done: frozenset[bytes] = frozenset()
    unseen: int = 0

    @property
    def empty(self) -> bool:
        """Whether there is no work anywhere."""
        return not (self.queued or self.astray or self.unacked or self.in_hand or self.backlog)

    def handed_back(self, calm_s: float) -> frozenset[bytes]:
        """The tags of the messages that are handed back after this long without change."""
        abandoned = self.abandoned if calm_s > ABANDONED_S else frozenset[bytes]()
        return abandoned | self.done if calm_s > DONE_S else abandoned


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What else counts at that moment. `due_s`: how long from now until the messages that live workers hold are due
    (ETA, countdown). `stall_s` and `recovery_s` are the system's promises. `slowest_s`: the longest time that a rate
    limit puts between two tasks. `longest_s`: the longest execution that was seen to end.
    """

    submitting: bool = False
    worker_alive: bool = True
    restart_pending: bool = False
    due_s: float = 0.0
    stall_s: float
    recovery_s: float
    slowest_s: float = 0.0
    longest_s: float = 0.0

    def patience_s(self, look: Look) -> float:
        """How long, without change, more waiting can show something new: until each promise is broken."""
        if look.in_hand:
            return max(self.stall_s, self.recovery_s + self.longest_s)
        return self.stall_s + (self.slowest_s if look.unacked else 0)


class Decision(msgspec.Struct, frozen=True):
    """What to do now. `end` with the reason: the proof (`proved`), or why there is none."""

    do: str
    reason: str = ""


WAIT = Decision("wait")
HAND_BACK = Decision("hand back")


def decide(look: Look, around: Around, calm_s: float) -> Decision:
    """What follows from a look that has not changed for `calm_s`: wait, hand back what is abandoned, or end with or
    without the proof.
    """
    if not around.submitting and calm_s >= CALM_S:
        if look.empty:
            return Decision("prove", "nothing queued, unacknowledged, executing or held back")
        nobody = not look.in_hand and not look.backlog and not around.worker_alive
        if nobody and not around.restart_pending:
            return Decision("prove", "messages are left, no worker lives, and nobody will start one")
    if around.worker_alive and look.handed_back(calm_s):
        return HAND_BACK
    if calm_s > around.patience_s(look) + 1 and around.due_s <= 0:
        return Decision("give up", f"not quiet, and no change for {calm_s:.0f} s{_who_holds(look)}")
    return WAIT


def _who_holds(look: Look) -> str:
    said = []
    if look.held:
        said.append(f"; live workers hold {look.held} unacknowledged messages")
    if look.unseen:
        said.append(
            f"; no link has seen who took {look.unseen} unacknowledged messages: a worker does not connect through its link"
        )
    if look.astray:
        said.append(f"; {look.astray} messages lie in lists that no worker of the system reads")
    return "".join(said)


async def settle(world: World, within_s: float) -> Quiescence:
    """Wait for quiescence, record it and return it. `proved` is False if the time ran out, the broker did not answer,
    or messages pass in places that are not observed.
    """
    deadline = time.monotonic() + within_s
    last, since = None, time.monotonic()
    while True:
        look, messages = await _look(world)
        now = time.monotonic()
        if look is None or look != last or world.recorder.now() - world.picture.last_probe_t < CALM_S:
            last, since = look, now
        calm_s = now - since
        decision = decide(look, _around(world, messages), calm_s) if look is not None else WAIT
        if decision.do == "prove":
            if not await _finds_more(world):
                blind = world.messages.unseen(_ready(world))
                return _record(world, look, calm_s, proved=not blind, detail=blind or decision.reason)
            last = None
        elif decision.do == "hand back" and look is not None:
            tags = look.handed_back(calm_s)
            await _fast_forward(world, [message for message in messages if message.tag in tags])
            last = None
        elif decision.do == "give up":
            return _record(world, look, calm_s, proved=False, detail=decision.reason)
        if now > deadline:
            return _record(world, look, calm_s, proved=False, detail=f"not quiet within {within_s:g} s")
        await asyncio.sleep(_LOOK_EVERY_S)


def _around(world: World, messages: Sequence[Unacked]) -> Around:
    promises, workers, now = world.system.promises, _workers(world), datetime.now(UTC)
    held = (m.eta for m in messages if m.hold is Hold.HELD and m.eta is not None)
    told = world.picture.settings.values()
    return Around(
        submitting=bool(world.clients.submitting),
        worker_alive=any(worker.alive for worker in workers),
        restart_pending=any(worker.spec.restart == "always" for worker in workers),
        due_s=max([(eta - now).total_seconds() for eta in held], default=0.0),
        stall_s=promises.stall_s,
        recovery_s=promises.recovery_s,
        slowest_s=max([each.slowest_s for each in told], default=0.0),
        longest_s=world.picture.longest_s,
    )


def _workers(world: World) -> list[Replica]:
    return world.components("worker")


def _ready(world: World) -> list[str]:
    return [worker.name for worker in _workers(world) if worker.is_ready]


async def _look(world: World) -> tuple[Look | None, list[Unacked]]:
    """The current state and each unacknowledged message; None if the state cannot be read."""
    try:
        queued, unacked = await world.messages.depth()
        astray = await world.messages.astray()
        messages = list(await world.messages.unacked()) if unacked else []
        backlog = await world.driver.backlog() if isinstance(world.driver, HoldsBack) else 0
    except UnreachableError:
        return None, []
    in_hand = tuple(_executing(world))
    alive, times = _ready(world), Counter(message.task_id for message in messages)
    free = [m for m in messages if m.task_id not in in_hand and world.messages.returns(m, alive)]
    abandoned = (message.tag for message in free if message.hold is Hold.GONE)
    # If one task has two messages, which of them was executed is unknown.
    done = (message.tag for message in free if message.hold is Hold.DONE and times[message.task_id] == 1)
    found = Look(
        queued=queued,
        astray=astray,
        unacked=unacked,
        in_hand=in_hand,
        backlog=backlog,
        held=sum(message.hold is Hold.HELD for message in messages),
        abandoned=frozenset(abandoned),
        done=frozenset(done),
        unseen=sum(message.hold is Hold.UNSEEN for message in messages),
    )
    return found, messages


async def _finds_more(world: World) -> bool:
    """Whether there are messages in places of the broker that were not observed so far, or it does not answer."""
    try:
        return await world.messages.discover()
    except UnreachableError:
        return True


def _executing(world: World) -> list[str]:
    return [task for (task, _), start in world.picture.executing.items() if _in_hand(world, start)]


def _in_hand(world: World, start: Probe) -> bool:
    """Whether the execution may still be running. A pool process may outlive its worker and still be at work. A worker
    whose pool process died still tracks the task: it may take ten seconds (billiard's `lost_worker_timeout`) until it
    reports that the task failed, or gives it back.
    """
    return is_running(start.pid) or (is_running(start.parent) and not world.picture.has_moved_on(start))


async def _fast_forward(world: World, abandoned: Sequence[Unacked]) -> None:
    """Do at once what a live worker would do after the timeout."""
    for back in world.messages.hand_back(abandoned, _ready(world)):
        # Recorded before it is done: a worker may begin the task before this continues.
        now, store = world.recorder.now(), world.system.broker
        world.recorder.add(FastForward(t=now, store=store, task_ids=back.task_ids, waited_s=back.waited_s))
        try:
            await asyncio.to_thread(back.do)
        except UnreachableError:
            pass  # The broker went away meanwhile: the next look shows it.


def _record(world: World, look: Look | None, calm_s: float, *, proved: bool, detail: str) -> Quiescence:
    seen = look or Look()
    found = Quiescence(
        t=world.recorder.now(),
        proved=proved,
        queued=seen.queued,
        unacked=seen.unacked,
        executing=len(seen.in_hand),
        backlog=seen.backlog,
        in_hand=tuple(_executing(world)),
        unchanged_s=round(calm_s, 3) if look else 0.0,
        detail=detail,
    )
    world.recorder.add(found)
    return found
