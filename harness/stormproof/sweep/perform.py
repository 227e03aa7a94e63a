"""Plays one cell on a warm system: arm, submit, wait for the bite, bring back what broke, and judge the result."""

from __future__ import annotations

import asyncio
import random

from stormproof.engine import nemesis
from stormproof.errors import ComponentError, UsageError
from stormproof.history import History, Phase, Wire
from stormproof.session.session import Session
from stormproof.spec.scenario import Injection
from stormproof.sweep.cells import Cell
from stormproof.sweep.outcome import bitten, outcome
from stormproof.sweep.points import Point, life, recovery, stable
from stormproof.sweep.sheet import Result

_LIVES = 5
_WARM_UPS = 6
_CALM_S = 60.0
"""How long a submission, or a task, may take in calm, where nothing is known of it yet."""
_LONGEST_S = 3.0
"""The longest time that a fault stays in force at a point, in seconds."""
_END_S = 10.0
_SETTLE_S = 5.0
"""Bounds for tasks that take no time, in seconds; the time that a task of this system takes is added."""
_BITE_S = 1.0
"""How long to wait for a fault after the task ended and was read, in seconds: nothing of its life is left to come."""
_SILENT_S = 0.2
_GLANCE_S = 0.001


class Stage:
    """A session on which one cell after another is played."""

    def __init__(self, session: Session) -> None:
        self.session, self.world = session, session.world

    async def warm_up(self) -> None:
        """Run tasks through every process of the system, so that all connections exist. Raises ComponentError."""
        for _ in range(_WARM_UPS):
            await self._one_task()

    async def record(self) -> tuple[Point, ...]:
        """Return the fault points of a task's life: those that most of several lives have. Raises ComponentError."""
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
        """Whether all links were silent for longer than any pause before a task's last frames."""
        return self.world.recorder.now() - self.world.links.last_t > _SILENT_S

    async def _one_task(self) -> None:
        """Run one task in calm, from its submission to its end. Raises ComponentError."""
        session, now = self.session, self.world.recorder.now
        key, began = session.next_key(), now()
        submitted = await session.submit(key, within_s=_CALM_S)
        if submitted is None or submitted.outcome != "ok":
            why = submitted.error if submitted else f"no answer within {_CALM_S:g} s"
            raise ComponentError(f"the system took no task in calm: {why}; see its logs")
        if not await session.until_ended(key, _CALM_S):
            raise ComponentError(
                f"the system did not end the task {submitted.task_id} within {_CALM_S:g} s in calm; see its logs"
            )
        session.life_s = max(session.life_s, now() - began)
        await session.read(key)

    # One cell

    async def play(self, cell: Cell) -> Result:
        """Play a cell and judge it. Raises ComponentError if the system cannot be brought back."""
        session, world, recorder = self.session, self.world, self.world.recorder
        first, began = len(recorder.events), recorder.now()
        recorder.add(Phase(t=began, name=f"cell {cell.id}"))
        key = session.next_key()
        strikes = [self._strike(cell, None)]
        try:
            await self._armed(strikes[0])
            if cell.then is not None:
                strikes.append(self._strike(cell.then, session.place, after=strikes[0]))
            await self._live_through(key, strikes[0])
            strikes[0].cancel()  # What it has not met by now is not the task's life any more.
            works, quiet = await session.recover()
            if cell.then is not None and self._bites_since(first) > 1:
                await asyncio.wait(strikes[1:], timeout=_LONGEST_S + session.with_lives(_END_S, 2))
                works, quiet = await session.recover()
        finally:
            for strike in strikes:
                strike.cancel()
            await asyncio.wait(strikes)
        recorder.add(Phase(t=recorder.now(), name="read"))
        await session.read(key)
        last = len(recorder.events)
        evidence = History(recorder.events[first:last])
        found = outcome(evidence, world.system, key, wedged=works is False, planned=len(strikes), life_s=session.life_s)
        if not quiet:
            await session.mend()
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
        """Inject one fault of a cell, at once or as soon as the previous one has bitten."""
        injection = cell.injection(self.world.system.broker, place)
        if injection is None:
            raise UsageError(f"{cell.id}: this fault cannot be at this point")
        dice = random.Random(f"{self.session.seed}/{cell.id}")

        async def inject(given: Injection = injection) -> None:
            while after is not None and not after.done() and not self._struck():
                await asyncio.sleep(_GLANCE_S)
            await nemesis.inject(self.world, f"{'second: ' if after else ''}{cell.id}", given, dice)

        return asyncio.create_task(inject())

    def _bites_since(self, first: int) -> int:
        return bitten(History(self.world.recorder.events[first:]))

    async def renew(self, component: str) -> None:
        """Restart a component, because a new one may reach a fault point that a used one does not. Raises ComponentError."""
        await self.session.restart(component)
        await self.warm_up()

    async def _armed(self, strike: asyncio.Task[None]) -> None:
        while not self.world.links.in_force and not strike.done():
            await asyncio.sleep(0)

    async def _live_through(self, key: str, strike: asyncio.Task[None]) -> None:
        """Play the task's life: submit it, wait until it has ended or was struck, and read it once."""
        session, end_s = self.session, self.session.with_lives(_END_S, 2)
        submissions = self.world.picture.submissions
        await session.submit(key)
        await self.world.recorder.until(lambda: submissions.ended(key) or strike.done() or self._struck(), end_s)
        if not self._struck() and not strike.done():
            await session.read(key)
        await asyncio.wait([strike], timeout=_LONGEST_S + end_s if self._struck() else _BITE_S)

    def _struck(self) -> bool:
        """Whether an armed rule has matched something."""
        return self.world.links.met
