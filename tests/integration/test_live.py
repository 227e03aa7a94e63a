"""A system in a thread of its own: it stands between calls, tells why it fell, and each episode reads as a run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from stormproof.brokers.redis.server import find_binary
from stormproof.checks import judge
from stormproof.checks.suite import checks_for
from stormproof.checks.verdict import Status, merge
from stormproof.engine.world import World
from stormproof.errors import ComponentError, DescriptionError
from stormproof.history import Closed, Phase
from stormproof.processes.launcher import is_running
from stormproof.session.episode import Episode, tidy
from stormproof.session.in_thread import Live
from stormproof.spec import description
from stormproof.spec.scenario import Scenario

SYSTEM = description.load(
    Path(__file__).parents[2] / "system_under_test" / "tutorial.toml", {"promises": {"recovery_s": 5.0}}
)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    live = Live(SYSTEM, tmp_path, find_binary())
    yield live
    live.stop()


def pids(world: World) -> list[int]:
    return [replica.pid for replica in world.replicas if replica.alive]


def test_it_stands_until_it_is_stopped(live: Live) -> None:
    world = live.start()
    assert live.do(asyncio.sleep(0, "done")) == "done"
    started = pids(world)
    assert len(started) == 2
    with pytest.raises(DescriptionError, match="no component 'nobody'"):
        live.do(asyncio.to_thread(world.struck, "nobody"))
    assert pids(world) == started
    live.stop()
    assert not any(is_running(pid) for pid in started)
    with pytest.raises(ComponentError, match="tutorial has been stopped"):
        live.do(asyncio.sleep(0))


def test_what_ends_it_is_told_to_who_waits_and_to_who_asks_later(live: Live) -> None:
    world = live.start()

    async def fall() -> None:
        world.fail(ComponentError("the roof is gone"))
        await asyncio.Event().wait()

    for _ in range(2):
        with pytest.raises(ComponentError, match="the roof is gone"):
            live.do(fall())
    assert not pids(world)


def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = SYSTEM.components["api"].model_copy(update={"command": ("{python}", "-c", "raise SystemExit(3)")})
    live = Live(SYSTEM.model_copy(update={"components": {"api": broken}}), tmp_path, find_binary())
    with pytest.raises(ExceptionGroup) as raised:
        live.start()
    assert "api: exited with 3 at start" in str(raised.value.exceptions[0])
    live.stop()


def test_each_episode_reads_as_a_run_of_its_own(live: Live) -> None:
    world = live.start()

    async def episode(run: str, tasks: int) -> tuple[Status, list[str], int]:
        episode = Episode(world, run)
        await episode.begin()
        submitted = [await world.clients.submit(episode.next_key()) for _ in range(tasks)]
        assert {answer.outcome for answer in submitted} == {"ok"}
        history = await episode.end()
        assert isinstance(history[-1], Closed)
        verdicts = judge(history, checks_for(SYSTEM, Scenario(name="episode", title="")))
        keys = {key for key in world.clients.accepted if key.startswith(f"storm-{run}-")}
        return merge(verdicts), [phase.name for _, phase in history.of(Phase)], len(keys)

    for run, tasks in (("00aa", 3), ("00bb", 1)):
        assert live.do(tidy(world))
        status, phases, keys = live.do(episode(run, tasks))
        assert status is Status.VALID
        assert phases == ["start", "storm", "recover", "settle", "read", "stop"]
        assert keys == tasks


def test_what_a_test_leaves_behind_is_gone_or_refused(live: Live) -> None:
    world = live.start()
    broker = world.stores["broker"]

    async def leave(key: str) -> bool:
        await broker.client.lpush(key, "x")
        tidied = await tidy(world)
        return tidied and not await broker.client.exists(key)

    assert live.do(leave("mine"))
    assert live.do(kill_worker(world)) and live.do(tidy(world))
    world.stores["broker"].running.signal_tree(9)  # type: ignore[union-attr]
    assert not live.do(tidy(world))


async def kill_worker(world: World) -> bool:
    for running in world.struck("worker"):
        running.signal_tree(9)
        await running.exited()
    return True
