"""A system in a thread of its own: it stands between calls, tells why it fell, and each episode reads as a run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from stormproof.brokers.redis.server import find_binary
from stormproof.checks.verdict import Status
from stormproof.engine.world import World
from stormproof.errors import ComponentError, DescriptionError
from stormproof.history import Closed, Effect, History, Invoked, Phase, Returned
from stormproof.processes.launcher import is_running
from stormproof.runs import store
from stormproof.session.in_thread import Live
from stormproof.spec import description

SYSTEM = description.load(
    Path(__file__).parents[2] / "system_under_test" / "tutorial.toml", {"promises": {"recovery_s": 5.0}}
)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    live = Live(SYSTEM, tmp_path, find_binary(), 1)
    yield live
    live.stop()


def pids(world: World) -> list[int]:
    return [replica.pid for replica in world.replicas if replica.alive]


def test_it_stands_until_it_is_stopped(live: Live) -> None:
    world = live.start().world
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
    world = live.start().world

    async def fall() -> None:
        world.fail(ComponentError("the roof is gone"))
        await asyncio.Event().wait()

    for _ in range(2):
        with pytest.raises(ComponentError, match="the roof is gone"):
            live.do(fall())
    assert not pids(world)


def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = SYSTEM.components["api"].model_copy(update={"command": ("{python}", "-c", "raise SystemExit(3)")})
    live = Live(SYSTEM.model_copy(update={"components": {"api": broken}}), tmp_path, find_binary(), 1)
    with pytest.raises(ExceptionGroup) as raised:
        live.start()
    assert "api: exited with 3 at start" in str(raised.value.exceptions[0])
    live.stop()


def test_each_episode_reads_as_a_run_of_its_own(live: Live, tmp_path: Path) -> None:
    session = live.start()
    world = session.world

    async def episode(tasks: int) -> History:
        await session.begin()
        submitted = [await world.clients.submit(session.next_key()) for _ in range(tasks)]
        assert {answer.outcome for answer in submitted} == {"ok"}
        return await session.end()

    runs = []
    for tasks in (3, 1):
        assert live.do(session.tidy())
        history = live.do(episode(tasks))
        assert isinstance(history[-1], Closed)
        judged = session.judge(history, "episode", "", tmp_path / "runs", keep=False).judged
        assert judged is not None
        assert judged.status is Status.VALID
        assert [phase.name for _, phase in history.of(Phase)] == ["start", "storm", "recover", "settle", "read", "stop"]
        assert [effect.compared for _, effect in history.of(Effect)] == [True] * tasks
        assert len(world.clients.accepted) == tasks
        assert all(key.startswith(f"storm-{world.run}-") for key in world.clients.accepted)
        runs.append(world.run)
    assert len(set(runs)) == 2
    assert not (tmp_path / "runs").exists()


def test_what_is_wrong_is_kept_as_a_run_folder(live: Live, tmp_path: Path) -> None:
    session = live.start()

    async def episode() -> History:
        await session.begin()
        recorder, key = session.world.recorder, session.next_key()
        recorder.add(Invoked(t=recorder.now(), op=-1, kind="submit", key=key))
        recorder.add(Returned(t=recorder.now(), op=-1, outcome="ok", task_id="nobody-has-it"))
        return await session.end()

    history = live.do(episode())
    run = session.judge(history, "mine", "an episode", tmp_path / "runs", keep=False)
    assert run.judged is not None
    assert run.judged.status is Status.INVALID
    stored = store.load(run.folder)
    assert (stored.judged, stored.title, stored.history[-1]) == (run.judged, "mine", history[-1])
    found = {path.name for path in run.folder.iterdir()}
    assert found == {"scenario.json", "history.jsonl", "verdict.json", "report.html", "junit.xml", "logs"}


def test_what_a_test_leaves_behind_is_gone_or_refused(live: Live) -> None:
    session = live.start()
    world, broker = session.world, session.world.stores["broker"]

    async def leave(key: str) -> bool:
        await broker.client.lpush(key, "x")
        tidied = await session.tidy()
        return tidied and not await broker.client.exists(key)

    assert live.do(leave("mine"))
    assert live.do(kill_worker(world)) and live.do(session.tidy())
    world.stores["broker"].running.signal_tree(9)  # type: ignore[union-attr]
    assert not live.do(session.tidy())


async def kill_worker(world: World) -> bool:
    for running in world.struck("worker"):
        running.signal_tree(9)
        await running.exited()
    return True
