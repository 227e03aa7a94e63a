"""The main loop: run a scenario on a system, record what happens, and prove that it is over. Judging comes later."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import msgspec

from stormproof.drivers.driver import Diagnoses, Reply
from stormproof.engine import nemesis
from stormproof.engine.quiescence import settle
from stormproof.engine.states import bring_into, release
from stormproof.engine.world import World, opened
from stormproof.errors import ComponentError, DescriptionError, UnreachableError
from stormproof.frameworks.faults import Misbehave
from stormproof.history import History
from stormproof.spec.choices import Choices
from stormproof.spec.scenario import Scenario, State
from stormproof.spec.system import System
from stormproof.spec.tables import Binary
from stormproof.spec.workload import Workload

_WARMUP_PLACE = 8000
_RECOVERY_PLACE = 7000
_WARMUP_S = 20.0
_MISTAKE_S = 5.0
"""Seconds. For this long, an answer that does not fit the description may come from a system that is still starting."""
KEY_IS_LOST = (
    "note: no task was given the submission's key, though {key} is in submit, so tasks are known by their ids alone: a submission whose answer "
    "is lost is matched to no task; have your API pass the field with {key} on to the task"
)
_UNAVAILABLE, _LATEST_AGAIN_S = 503, 5.0
"""Seconds. A client that is asked to retry does so, but no run waits a day for it."""

Say = Callable[[str], None]
"""Prints a line for the user."""
Watch = Callable[[str], None]
"""Called with the name of each phase as it begins."""


async def run(
    scenario: Scenario,
    system: System,
    state: State,
    choices: Choices,
    folder: Path,
    binary: Binary,
    watch: Watch = lambda phase: None,
    gate: AbstractAsyncContextManager[object] | None = None,
    *,
    armed: bool = True,
    say: Say = lambda line: None,
) -> History:
    """Run it once and return the history, which is also in `folder`. Everything that was started is gone on return.
    Without `armed`, no fault strikes: a control for the checks. `say` prints what makes the checks weaker on this
    system.

    Raises ComponentError if the system does not start. Raises DescriptionError if it lacks what a fault strikes, or its
    answers do not fit its description.
    """
    async with opened(system, folder, binary, choices.run) as world:

        def phase(name: str) -> None:
            world.phase(name)
            watch(name)

        nemesis.check(world, scenario.storm)
        async with gate or nullcontext():
            phase("start")
            await world.start()
        await world.clients.read_counts()
        phase("warmup")
        await one_task(world, say=say)
        phase("state")
        await bring_into(world, state)
        phase("storm")
        async with asyncio.TaskGroup() as clients:
            load = scenario.workload if armed else msgspec.structs.replace(scenario.workload, copies=1)
            workload = clients.create_task(_workload(world, load, choices, clients))
            await asyncio.gather(
                nemesis.storm(world, scenario.storm, choices.seed, armed=armed),
                _hold(world, scenario.workload.held_s),
            )
            phase("recover")
            release(world)
            if scenario.storm:
                await recover(world, clients)
            await workload
            phase("settle")
            await settle(world, scenario.settle_s)
            world.clients.stop()
        phase("read")
        await world.clients.read_all()
        await world.clients.read_counts()
        phase("stop")
    return History(world.recorder.events)


async def one_task(world: World, within_s: float = _WARMUP_S, say: Say = lambda line: None) -> None:
    """Run one task through the whole system before any fault: what does not work without faults proves nothing in a
    storm. `say` prints what makes the checks weaker, though it is not a mistake.

    Raises ComponentError if the system does not work, DescriptionError if its answers do not fit its description.
    """
    key, task_id = await _accepted(world, within_s)
    told, submissions = world.clients.latest, world.picture.submissions
    ended = await world.recorder.until(lambda: submissions.ended(key), within_s)
    if ended and world.system.submit.keyed and not submissions.keys_reach_tasks:
        say(KEY_IS_LOST)
    if ended and await _read(world, key, task_id, within_s):
        return
    ran = _another(world, key, task_id, told)
    if told and ran and isinstance(world.driver, Diagnoses):
        raise _mistaken(world, world.driver.of_task_id(told, ran))
    if not ended:
        why = await _why(world)
        raise ComponentError(f"the system did not end a task within {within_s:g} s before the storm: {why}")


async def _why(world: World) -> str:
    """Why a task did not end, as far as the broker shows it."""
    alive = [replica.name for replica in world.components("worker") if replica.alive]
    try:
        return world.messages.unseen(alive) or _of_unread(await world.messages.unread()) or "see its logs"
    except UnreachableError:
        return "see its logs, and those of the broker"


def _of_unread(places: Sequence[object]) -> str:
    """Why a task did not begin, if messages wait in these lists and no worker reads them; "" if there are none."""
    if not places:
        return ""
    lists = f"the list {places[0]}" + (f" (and {len(places) - 1} more)" if len(places) > 1 else "")
    return f"a message waits in {lists}, which no worker reads; have a worker read that queue, or publish to one that it reads"


def _another(world: World, key: str, task_id: str, told: Reply | None) -> str:
    """The id of the task that ran in place of this one, which no worker has seen: the one with the submission's key, or
    one that the answer names elsewhere; "" if there is none.
    """
    picture = world.picture
    if task_id in picture.received or task_id in picture.started:
        return ""
    ran = next((start.task_id for start in picture.submissions.starts if key and start.key == key), "")
    if ran or told is None or not isinstance(world.driver, Diagnoses):
        return ran
    return next((each for each in picture.started if world.driver.mentions(told, each)), "")


async def _accepted(world: World, within_s: float) -> tuple[str, str]:
    """The key of a submission that was accepted, and its task's id."""
    # A system that has just started, on a busy machine, may ask clients to retry later.
    began = world.recorder.now()
    for place in itertools.count(_WARMUP_PLACE):
        key = world.key(place)
        submitted = await world.clients.submit(key, purpose="warmup")
        if submitted.outcome == "ok":
            break
        waited_s, reply = world.recorder.now() - began, world.clients.latest
        if reply and isinstance(world.driver, Diagnoses):
            mistake = world.driver.of_submission(reply, soon=waited_s <= _MISTAKE_S)
            if mistake:
                raise _mistaken(world, mistake)
        if waited_s > within_s:
            raise ComponentError(f"the system took no task within {within_s:g} s before the storm: {submitted.error}")
        await asyncio.sleep(0.25)
    return key, submitted.task_id


async def _read(world: World, key: str, task_id: str, within_s: float) -> bool:
    """Wait until the status reports the end of work whose task has ended; return whether it did. A status that cannot
    be read or understood is a mistake in the description. A status that keeps reporting that the work is under way is
    for the checks to judge.
    """
    began, driver = world.recorder.now(), world.driver
    if world.system.promises.results == "ignored":
        return True
    while True:
        status, mistake = await world.clients.status(key, task_id, purpose="warmup"), ""
        reply = world.clients.latest
        if reply and isinstance(driver, Diagnoses):
            mistake = driver.of_status(reply)
        waited_s = world.recorder.now() - began
        if status.terminal or waited_s > (_MISTAKE_S if mistake else within_s):
            break
        await asyncio.sleep(0.05 if waited_s < 1 else 0.5)
    end = world.picture.ended.get(task_id)
    if isinstance(driver, Diagnoses):
        if not status.terminal:
            mistake = mistake or driver.of_state(status.state)
        elif reply and status.success and end and end.word == "succeeded" and end.value not in ("", "null"):
            mistake = driver.of_result(reply)
    if mistake:
        raise _mistaken(world, mistake)
    return status.terminal


def _mistaken(world: World, mistake: str) -> DescriptionError:
    return DescriptionError(f"the description of {world.system.name} does not fit its answers: {mistake}")


async def _workload(world: World, load: Workload, choices: Choices, clients: asyncio.TaskGroup) -> None:
    """Submit everything when it is due, regardless of earlier outcomes, and have each task followed."""
    began = world.recorder.now()

    async def client(place: int, copy: int, due_s: float) -> None:
        await asyncio.sleep(began + due_s - world.recorder.now())
        number = (place * load.copies + copy) % load.clients
        submitted = await world.clients.submit(world.key(place), number)
        for _ in range(load.again):
            if submitted.http_status != _UNAVAILABLE:
                break
            await asyncio.sleep(min(max(submitted.retry_after_s, 1.0), _LATEST_AGAIN_S))
            submitted = await world.clients.submit(world.key(place), number)
        if submitted.outcome == "ok":
            follow = world.clients.follow(world.key(place), submitted.task_id, every_s=load.poll_s, client=number)
            clients.create_task(follow)

    await asyncio.gather(
        *(client(place, copy, due) for place, due in enumerate(choices.submit_at_s) for copy in range(load.copies))
    )


async def _hold(world: World, held_s: float) -> None:
    if held_s:
        async with Misbehave(do="hold").strike(world):
            await asyncio.sleep(held_s)


async def recover(world: World, clients: asyncio.TaskGroup) -> None:
    """Submit new tasks, one a second, until one of them has ended or the promise is broken."""
    healed_t = world.recorder.now()
    recovered = asyncio.Event()

    async def one(place: int) -> None:
        submitted = await world.clients.submit(world.key(place), purpose="recovery")
        if submitted.outcome != "ok":
            return
        if await world.clients.follow(world.key(place), submitted.task_id, every_s=0.25, purpose="recovery"):
            recovered.set()

    place = _RECOVERY_PLACE
    while not recovered.is_set() and world.recorder.now() < healed_t + world.system.promises.recovery_s + 1:
        clients.create_task(one(place))
        place += 1
        await world.recorder.until(recovered.is_set, within_s=1)
