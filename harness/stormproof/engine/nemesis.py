"""Injects the faults of a storm at their time or their frame, proves that they took effect, and heals them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from stormproof.engine.world import World
from stormproof.errors import ComponentError, DescriptionError, UnreachableError
from stormproof.history import Fault as FaultEvent
from stormproof.history import FaultStage
from stormproof.spec import scenario
from stormproof.spec.fault import Evidence
from stormproof.spec.scenario import Injection
from stormproof.spec.trigger import Moment, Trigger
from stormproof.wire.counter import Counter
from stormproof.wire.faults import WireFault
from stormproof.wire.rules import Decide, Rule

_BITE_S = 5.0
_START_S = 30.0
_UNTIL_S = 60.0
_LOOK_S = 0.02


def check(world: World, storm: tuple[Injection, ...]) -> None:
    """Check before anything starts that the system has what the storm strikes. Raises DescriptionError."""
    reason = scenario.why_not(storm, world.system)
    if reason:
        raise DescriptionError(f"the system {world.system.name!r} cannot be struck so: {reason}")


async def storm(
    world: World, injections: tuple[Injection, ...], seed: int, *, armed: bool = True, first: int = 0
) -> None:
    """Run the whole storm; return when all faults are healed. Without `armed`, each fault takes its time and strikes
    nothing: a control. `first`: the number of the first fault in the history.
    """
    async with asyncio.TaskGroup() as group:
        for number, injection in enumerate(injections, first):
            dice = random.Random(f"{seed}/{number}")
            how = inject(world, str(number), injection, dice) if armed else _pretend(world, str(number), injection)
            group.create_task(how)


async def _pretend(world: World, number: str, injection: Injection) -> None:
    await asyncio.sleep(injection.at_s)
    _note(world, number, injection, "injected")
    await asyncio.sleep(injection.for_s)
    _note(world, number, injection, "healed")


def _note(world: World, number: str, injection: Injection, stage: FaultStage, detail: str = "") -> None:
    now, name, struck = world.recorder.now(), injection.fault.name, target(injection)
    world.recorder.add(FaultEvent(t=now, fault=number, name=name, stage=stage, target=struck, detail=detail))


async def inject(
    world: World, number: str, injection: Injection, dice: random.Random, heal: asyncio.Event | None = None
) -> None:
    """Run one injection of the schedule, starting now; return when it is healed. `number` names it in the history. If
    `heal` is given, it is healed when that is set, and not before, whatever times the injection gives.
    """
    await asyncio.sleep(injection.at_s)
    if injection.started is not None and (why := await _never_starts(world, world.key(injection.started))):
        _note(world, number, injection, "failed", why)
        return
    if injection.when is None or isinstance(injection.fault, WireFault):
        await strike(world, number, injection, dice, heal=heal)
        return
    async with held_at(world, number, injection.when, dice) as frame:
        if not await _comes(frame, heal):
            if heal is None:
                why = f"no frame {_frame(world, injection.when)} passed within {_START_S:g} s; `stormproof sweep` shows which do"
                _note(world, number, injection, "failed", why)
            return
        moment, decide = frame.result()
        await strike(world, number, injection, dice, struck=lambda: decide(_lives(world, moment)), heal=heal)


async def _never_starts(world: World, key: str) -> str:
    """Wait for the task of a submission to start. Return why it did not and what to do about it, or "" if it did."""
    submissions = world.picture.submissions
    before = len(submissions.starts)
    if await world.recorder.until(lambda: submissions.start(key) is not None, _START_S):
        return ""
    others = len(submissions.starts) - before
    if not others:
        return f"no task of the workload started within {_START_S:g} s; see the worker's log"
    if not submissions.has(key):
        return f"{key} was not submitted within {_START_S:g} s; name an earlier place in `started`, or give the workload more tasks"
    return (
        f"no task of {key} started within {_START_S:g} s, though {others} others did; name another place in `started`"
    )


def _frame(world: World, trigger: Trigger) -> str:
    whose = f" of {world.key(trigger.place)}" if trigger.place is not None else ""
    return f"{trigger.component}:{trigger.frame}:{trigger.direction}{whose}"


async def _comes(frame: asyncio.Future[tuple[Moment, Decide]], heal: asyncio.Event | None) -> bool:
    """Whether the frame comes before the time runs out or the storm is over."""
    if heal is None:
        await asyncio.wait([frame], timeout=_START_S)
        return frame.done()
    over = asyncio.create_task(heal.wait())
    either: list[asyncio.Future[Any]] = [frame, over]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    over.cancel()
    return frame.done()


def _lives(world: World, moment: Moment) -> bool:
    """Whether the component of a link is alive: what a dead one was about to send goes nowhere."""
    return any(replica.alive for replica in world.replicas if replica.name == moment.component)


@asynccontextmanager
async def held_at(
    world: World, injection: str, trigger: Trigger, dice: random.Random, *, passive: bool = False
) -> AsyncIterator[asyncio.Future[tuple[Moment, Decide]]]:
    """The first frame that the trigger meets. It waits in its link, with all that follows it, until its `Decide` is
    called; if `passive`, it does not wait.
    """
    frame: asyncio.Future[tuple[Moment, Decide]] = asyncio.get_running_loop().create_future()

    def asked(moment: Moment, decide: Decide) -> None:
        if frame.done():
            decide(True)
        else:
            frame.set_result((moment, decide))

    rule = Rule(injection, None, Counter(trigger, dice, world.known_as), dice, asked, passive=passive)
    async with world.links.armed(rule, world.links.chosen(trigger.component, trigger.store)):
        yield frame


async def strike(
    world: World,
    number: str,
    injection: Injection,
    dice: random.Random,
    struck: Callable[[], None] = lambda: None,
    heal: asyncio.Event | None = None,
) -> None:
    """Inject, call `struck`, watch for the proof that the fault took effect, and heal when the time has come or, if
    `heal` is given, when that is set.
    """
    fault, began = injection.fault, world.recorder.now()
    waits_for_a_frame = injection.when is not None and isinstance(fault, WireFault)

    def note(stage: FaultStage, detail: str = "") -> None:
        _note(world, number, injection, stage, detail)

    note("injected")
    try:
        async with striking(world, number, injection, dice) as evidence:
            struck()
            within_s = _START_S if waits_for_a_frame else injection.for_s or _BITE_S
            proof = await _proof(world, evidence, within_s, heal)
            if proof:
                note("bit", proof)
            if heal is not None:
                await heal.wait()
            else:
                await _last(world, number, injection, dice, world.recorder.now() if waits_for_a_frame else began)
        note("healed")
        if not proof and (late := await evidence()):
            note("bit", late)
    except (ComponentError, UnreachableError, OSError) as error:
        note("failed", str(error))


def target(injection: Injection) -> str:
    """What an injection strikes, for a reader of the history. A link is not the component itself, which still owes its
    answers.
    """
    fault = injection.fault
    if not isinstance(fault, WireFault):
        return fault.target
    return f"link of {injection.when.component if injection.when else fault.component}"


def striking(
    world: World, number: str, injection: Injection, dice: random.Random
) -> AbstractAsyncContextManager[Evidence]:
    """Inject on entry, yield the evidence, heal on exit."""
    fault = injection.fault
    return (
        _on_the_wire(world, number, fault, injection.when, dice)
        if isinstance(fault, WireFault)
        else fault.strike(world)
    )


@asynccontextmanager
async def _on_the_wire(
    world: World, number: str, fault: WireFault, when: Trigger | None, dice: random.Random
) -> AsyncIterator[Evidence]:
    trigger = when or (None if fault.at_once else fault.everywhere)
    counter = Counter(trigger, dice, world.known_as) if trigger else None
    links = world.links.chosen(when.component, when.store) if when else world.links.chosen(fault.component, fault.store)
    rule = Rule(number, fault, counter, dice)

    async def evidence() -> str:
        return f"met {rule.last}{f' and {rule.hits - 1} before' if rule.hits > 1 else ''}" if rule.hits else ""

    async with world.links.armed(rule, links):
        yield evidence


async def _proof(world: World, evidence: Evidence, within_s: float, heal: asyncio.Event | None) -> str:
    until_t = world.recorder.now() + within_s

    def too_late() -> bool:
        return world.launcher.over or (heal.is_set() if heal else world.recorder.now() >= until_t)

    while not (proof := await evidence()) and not too_late():
        await asyncio.sleep(_LOOK_S)
    return proof


async def _last(world: World, number: str, injection: Injection, dice: random.Random, from_t: float) -> None:
    """Wait for the end of the fault: a time, or a frame."""
    if injection.until is None:
        await asyncio.sleep(from_t + injection.for_s - world.recorder.now())
        return
    async with held_at(world, f"{number}.until", injection.until, dice, passive=True) as frame:
        await asyncio.wait([frame], timeout=injection.for_s or _UNTIL_S)
