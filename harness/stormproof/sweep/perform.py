"""One cell on a warm system: arm, submit, see it bite, mend what broke, prove that the system works again, and that all is quiet."""

from __future__ import annotations

import asyncio
import random

from stormproof.engine import nemesis
from stormproof.engine.quiescence import settle
from stormproof.engine.world import World
from stormproof.errors import ComponentError, UsageError
from stormproof.history import History, Phase, Purpose, Quiescence, Returned, Wire
from stormproof.processes.replica import Replica
from stormproof.spec.scenario import Injection
from stormproof.sweep.cells import DELAY_S, Cell
from stormproof.sweep.outcome import bitten, outcome
from stormproof.sweep.points import Point, life, recovery, stable
from stormproof.sweep.sheet import Result

_LIVES = 5
_WARM_UPS = 6
_CALM_S = 60.0
"""How long a submission, or a task, may take in calm, where nothing is known of it yet."""
_END_S = 10.0
_SETTLE_S = 5.0
"""Bounds for tasks that take no time; what a task of this system takes is added to them."""
_BITE_S = 1.0
"""How long a fault is waited for when the task has ended and been read: nothing of its life is left to come."""
_SILENT_S = 0.2
_GLANCE_S = 0.001
_BACK_S = 30.0
_PATIENCE_S = 0.5
"""How much longer than the system's own deadline a submission is waited for."""


class Stage:
    """A warm system on which one cell after another is played. `life_s`: the longest that a task has taken in calm, from its submission
    to its end.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world, self._seed = world, seed
        self.life_s = 0.0
        self._place = 0

    def _with_lives(self, bound_s: float, lives: int) -> float:
        """A bound that leaves time for so many tasks, one after the other."""
        return bound_s + lives * self.life_s

    def _next_key(self) -> str:
        self._place += 1
        return self.world.key(self._place)

    async def warm_up(self) -> None:
        """Tasks through every process of the system, so that all connections are there. Raises ComponentError."""
        for _ in range(_WARM_UPS):
            await self._one_task()

    async def record(self) -> tuple[Point, ...]:
        """The fault points of a task's life: those that are in most of several. Raises ComponentError."""
        names = {replica.name for replica in self.world.replicas if replica.spec.in_storms}
        lives = []
        for _ in range(_LIVES):
            first = len(self.world.recorder.events)
            await self._one_task()
            frames = [event for event in self.world.recorder.events[first:] if isinstance(event, Wire)]
            lives.append(life(frames, names))
            await self.world.recorder.until(self._silent, _SETTLE_S)
        return stable(lives)

    def _silent(self) -> bool:
        """Whether nothing has passed any link for a while that is longer than anything that a task still has to send."""
        return self.world.recorder.now() - self.world.links.last_t > _SILENT_S

    async def _one_task(self) -> None:
        """One task in calm, from its submission to its end. Raises ComponentError."""
        key, began = self._next_key(), self.world.recorder.now()
        submitted = await self._submit(key, within_s=_CALM_S)
        if submitted is None or submitted.outcome != "ok":
            why = submitted.error if submitted else f"no answer within {_CALM_S:g} s"
            raise ComponentError(f"the system took no task in calm: {why}; see its logs")
        if not await self._until_ended(key, _CALM_S):
            raise ComponentError(
                f"the system did not end the task {submitted.task_id} within {_CALM_S:g} s in calm; see its logs"
            )
        self.life_s = max(self.life_s, self.world.recorder.now() - began)
        await self._read(key)

    # One cell

    async def play(self, cell: Cell) -> Result:
        """Play a cell and judge it. Raises ComponentError where the system cannot be brought back."""
        world, recorder = self.world, self.world.recorder
        first, began = len(recorder.events), recorder.now()
        recorder.add(Phase(t=began, name=f"cell {cell.id}"))
        key = self._next_key()
        strikes = [self._strike(cell, None)]
        try:
            await self._armed(strikes[0])
            if cell.then is not None:
                strikes.append(self._strike(cell.then, self._place, after=strikes[0]))
            await self._live_through(key, strikes[0])
            strikes[0].cancel()  # What it has not met by now is not the task's life any more.
            works, quiet = await self._recover()
            if cell.then is not None and self._bites_since(first) > 1:
                await asyncio.wait(strikes[1:], timeout=DELAY_S + self._with_lives(_END_S, 2))
                works, quiet = await self._recover()
        finally:
            for strike in strikes:
                strike.cancel()
            await asyncio.wait(strikes)
        recorder.add(Phase(t=recorder.now(), name="read"))
        await self._read(key)
        last = len(recorder.events)
        evidence = History(recorder.events[first:last])
        found = outcome(evidence, world.system, key, wedged=not works, planned=len(strikes), life_s=self.life_s)
        if not quiet:
            await self._mend()
        seconds = round(recorder.now() - began, 2)
        return Result(
            cell=cell.id,
            outcome=found,
            reached=bitten(evidence) > 0,
            lane=world.folder.name,
            first=first,
            last=last,
            seconds=seconds,
            recovery=recovery(evidence, {key} | world.picture.submissions.tasks(key)),
        )

    def _strike(self, cell: Cell, place: int | None, after: asyncio.Task[None] | None = None) -> asyncio.Task[None]:
        """Inject one fault of a cell, at once or as soon as the one before has bitten."""
        injection = cell.injection(self.world.system.broker, place)
        if injection is None:
            raise UsageError(f"{cell.id}: this fault cannot be at this point")
        dice = random.Random(f"{self._seed}/{cell.id}")

        async def inject(given: Injection = injection) -> None:
            while after is not None and not after.done() and not self._struck():
                await asyncio.sleep(_GLANCE_S)
            await nemesis.inject(self.world, f"{'second: ' if after else ''}{cell.id}", given, dice)

        return asyncio.create_task(inject())

    def _bites_since(self, first: int) -> int:
        return bitten(History(self.world.recorder.events[first:]))

    async def _recover(self) -> tuple[bool, bool]:
        """Bring everything back; whether a new task goes through, and whether all is then proved quiet."""
        await self._back()
        works = await self._works()
        if not works and not all(replica.alive for replica in self.world.replicas if replica.spec.in_storms):
            await (
                self._back()
            )  # It died of it, but not at once. Whoever starts it again will see what became of the task.
            works = await self._works()
        return works, works and await self._quiet()

    async def _quiet(self) -> bool:
        """Whether all is proved quiet; a task that is still in hand is waited for until it is proved that it hangs."""
        found = await settle(self.world, self._with_lives(_SETTLE_S, 2))
        while found.in_hand and not found.proved and (left_s := self._hangs_t(found) - self.world.recorder.now()) > 0:
            found = await settle(self.world, left_s)
        return found.proved

    def _hangs_t(self, found: Quiescence) -> float:
        """When the last of the tasks in hand has been there for so long that it hangs."""
        started = self.world.picture.started
        last_t = max((started[task_id].t for task_id in found.in_hand if task_id in started), default=0.0)
        return last_t + self.life_s + self.world.system.promises.stall_s + _PATIENCE_S

    async def renew(self, component: str) -> None:
        """Start a component again: a fault point that a used one does not reach, a new one may. Raises ComponentError."""
        await self._restart(component)
        await self.warm_up()

    async def _armed(self, strike: asyncio.Task[None]) -> None:
        while not self.world.links.in_force and not strike.done():
            await asyncio.sleep(0)

    async def _live_through(self, key: str, strike: asyncio.Task[None]) -> None:
        """The task's life: submitted, ended or struck, and read once."""
        submissions, end_s = self.world.picture.submissions, self._with_lives(_END_S, 2)
        await self._submit(key)
        await self.world.recorder.until(lambda: submissions.ended(key) or strike.done() or self._struck(), end_s)
        if not self._struck() and not strike.done():
            await self._read(key)
        await asyncio.wait([strike], timeout=DELAY_S + end_s if self._struck() else _BITE_S)

    def _struck(self) -> bool:
        """Whether a rule that is armed has met something."""
        return self.world.links.met

    async def _submit(self, key: str, purpose: Purpose = "workload", within_s: float | None = None) -> Returned | None:
        """Submit; None where no answer came `within_s`: for as long as the system promises, where nothing is said."""
        try:
            async with asyncio.timeout(within_s or self.world.system.promises.api_deadline_s + _PATIENCE_S):
                return await self.world.clients.submit(key, purpose=purpose)
        except TimeoutError:
            self.world.picture.submissions.give_up(key, self.world.recorder.now())
            return None

    async def _read(self, key: str) -> None:
        """Ask once for the task's status, if the system has accepted it."""
        task_id = self.world.clients.accepted.get(key)
        if task_id is None:
            return
        try:
            async with asyncio.timeout(self.world.system.promises.api_deadline_s + _PATIENCE_S):
                await self.world.clients.status(key, task_id)
        except TimeoutError:
            pass  # The operation has no end in the history; the check says so.

    async def _until_ended(self, key: str, within_s: float) -> bool:
        return await self.world.recorder.until(lambda: self.world.picture.submissions.ended(key), within_s)

    # Bringing the system back

    async def _back(self) -> None:
        """Wait until all that was killed, or died, is ready again. Raises ComponentError."""
        replicas = [replica for replica in self.world.replicas if replica.spec.in_storms]
        for replica in replicas:
            if replica.spec.restart == "never":
                await replica.start_again()
        if not await self.world.recorder.until(lambda: all(replica.is_ready for replica in replicas), _BACK_S):
            names = ", ".join(replica.name for replica in replicas if not replica.is_ready)
            raise ComponentError(f"{names}: not ready again {_BACK_S:g} s after a fault; see the logs")

    async def _works(self) -> bool:
        """Whether a new task goes through in the time that the system promises, when those before it have had theirs; an API that does
        not answer is started again first.
        """
        key = self._next_key()
        submitted = await self._submit(key, "recovery")
        if submitted is None or submitted.outcome != "ok":
            if submitted is None or submitted.http_status == 0:
                await self._restart("api")
            key = self._next_key()
            submitted = await self._submit(key, "recovery")
        if submitted is None or submitted.outcome != "ok":
            return False
        return await self._until_ended(key, self._with_lives(self.world.system.promises.stall_s, 3))

    async def _mend(self) -> None:
        """Leave nothing to the next cell: whoever hangs is started again. Raises ComponentError where that does not help."""
        for roles in (("worker",), ("worker", "api")):
            for role in roles:
                await self._restart(role)
            if await self._works() and await self._quiet():
                return
        raise ComponentError(
            "the system does not become quiet again, though its processes were started again; see the logs"
        )

    async def _restart(self, role: str) -> None:
        for replica in self.world.components(role):
            await _kill(replica)
            await replica.start_again()
        await self._back()


async def _kill(replica: Replica) -> None:
    running = replica.running
    if running is not None and running.alive:
        replica.expect_exit()
        running.signal_tree(9)
        await running.exited()
