"""Brings a worker into the state in which a storm is to find it, with tasks of the probe's own.

No promise covers those tasks: they are submitted with purpose `state`, and released when the storm is over.
"""

from __future__ import annotations

import asyncio

from stormproof.engine.world import World
from stormproof.errors import ComponentError, DescriptionError
from stormproof.frameworks.framework import Own
from stormproof.history import Invoked, Returned
from stormproof.spec.scenario import State, lacks_state

_FIRST_PLACE = 9000
_ETA_S = 8
_MANY = 12
"""More than two pool slots with a prefetch of four each can hold."""


async def bring_into(world: World, state: State) -> None:
    """Submit the probe's tasks and wait until the workers hold them. Raises ComponentError if they do not,
    DescriptionError if the framework does not support this state.
    """
    if state is State.IDLE:
        return
    if why := lacks_state(state, world.system):
        raise DescriptionError(why)
    count = _MANY if state is State.PREFETCHED else 1
    ids = [await _publish(world, place, state) for place in range(_FIRST_PLACE, _FIRST_PLACE + count)]
    picture = world.picture

    def held() -> bool:
        if state is State.HOLDING_ETA:
            return all(task_id in picture.received for task_id in ids)
        return any(task_id in picture.started for task_id in ids)

    if not await world.recorder.until(held, within_s=10):
        raise ComponentError(f"no worker took the task that was to bring it into the state {state.value!r}")
    if state is State.PREFETCHED:  # When nothing more comes, it has taken all that it will take.
        await world.recorder.until(lambda: world.recorder.now() - picture.last_probe_t > 0.5, within_s=10)


def release(world: World) -> None:
    """Let the probe's tasks end."""
    world.release_file("state").touch()


async def _publish(world: World, place: int, state: State) -> str:
    key, now = world.key(place), world.recorder.now
    own = Own(
        key=key,
        release=world.release_file("state"),
        at_most_s=90,
        early=state is State.RUNNING_EARLY,
        eta_s=_ETA_S if state is State.HOLDING_ETA else 0,
    )
    world.recorder.add(Invoked(t=now(), op=-place, kind="submit", key=key, purpose="state"))
    task_id = await asyncio.to_thread(world.framework.submit, world.messages, own)
    world.recorder.add(Returned(t=now(), op=-place, outcome="ok", task_id=task_id))
    return task_id
