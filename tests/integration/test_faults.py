"""Every fault strikes, proves that it bit, and heals: on real processes and a real Redis."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.exceptions import OutOfMemoryError, RedisError
from stormproof import (
    BadMessage,
    Evict,
    GarbleResult,
    Injection,
    Kill,
    Mail,
    Misbehave,
    OutOfMemory,
    Pause,
    Stop,
    sends,
)
from stormproof.brokers.redis.server import find_binary
from stormproof.engine import nemesis
from stormproof.engine.world import World
from stormproof.errors import DescriptionError
from stormproof.history import Fault as FaultEvent
from stormproof.history import Invoked, Probe, Returned
from stormproof.history.recorder import Recorder
from stormproof.processes.launcher import is_running
from stormproof.spec.fault import Evidence, Fault
from stormproof.spec.system import System

SLEEPER = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7) if "polite" in sys.argv else None)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("up", flush=True)
while True: time.sleep(600)
"""


def system(*words: str) -> System:
    return System.model_validate(
        {
            "name": "mine",
            "redis": {"broker": {"append_only": True}, "results": {}},
            "components": {
                "api": {"role": "other", "command": ["sleep", "600"]},
                "worker": {"role": "other", "command": [sys.executable, "-c", SLEEPER, *words], "ready": {"log": "up"}},
            },
            "submit": {"path": "/", "json": {}},
            "status": {"path": "/"},
        }
    )


def in_world(tmp_path: Path, story: Callable[[World], Awaitable[None]], *words: str) -> None:
    async def run() -> None:
        recorder = Recorder(tmp_path / "history.jsonl")
        async with World(system(*words), tmp_path, recorder, find_binary(), f"{os.getpid() % 65536:04x}") as world:
            await world.start()
            await asyncio.wait_for(story(world), 30)
        recorder.close()

    asyncio.run(run())


async def bitten(evidence: Evidence) -> str:
    for _ in range(200):
        if said := await evidence():
            return said
        await asyncio.sleep(0.02)
    raise AssertionError("the fault did not bite")


def worker_pids(world: World) -> tuple[int, int]:
    (running,) = world.struck("worker")
    (child,) = running.descendants()
    return running.pid, child.pid


@pytest.mark.parametrize(
    ("how", "parent_lives", "child_lives"), [("tree", False, False), ("parent", False, True), ("child", True, False)]
)
def test_kill_ends_what_it_names_and_no_more(tmp_path: Path, how: str, parent_lives: bool, child_lives: bool) -> None:
    async def story(world: World) -> None:
        parent, child = worker_pids(world)
        async with Kill(component="worker", how=how).strike(world) as evidence:  # type: ignore[arg-type]
            assert "gone" in await bitten(evidence)
            assert (is_running(parent), is_running(child)) == (parent_lives, child_lives)
        assert world.struck("worker")[0].alive
        assert (world.struck("worker")[0].pid == parent) == parent_lives

    in_world(tmp_path, story)


@pytest.mark.parametrize(("lose_data", "kept"), [(False, b"1"), (True, None)])
def test_a_killed_redis_comes_back_with_or_without_its_data(
    tmp_path: Path, lose_data: bool, kept: bytes | None
) -> None:
    async def story(world: World) -> None:
        client = world.stores["broker"].client
        await client.set("x", "1")
        async with Kill(component="redis.broker", lose_data=lose_data).strike(world) as evidence:
            assert "gone" in await bitten(evidence)
            with pytest.raises(RedisError):
                await client.ping()
            assert await world.stores["results"].client.ping()
        assert await client.get("x") == kept

    in_world(tmp_path, story)


@pytest.mark.parametrize(("words", "code"), [(["polite"], 7), ([], -9)])
def test_stop_asks_first_and_kills_after_its_grace(tmp_path: Path, words: list[str], code: int) -> None:
    async def story(world: World) -> None:
        (before,) = world.struck("worker")
        async with Stop(component="worker", grace_s=0.5).strike(world) as evidence:
            assert await bitten(evidence) == f"exited with {code}"
        assert world.struck("worker")[0].pid != before.pid

    in_world(tmp_path, story, *words)


def test_pause_freezes_and_heals(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        client = world.stores["broker"].client
        async with Pause(component="redis").strike(world) as evidence:
            assert "is stopped" in await bitten(evidence)
            with pytest.raises(RedisError):
                await client.ping()
        assert await client.ping()

    in_world(tmp_path, story)


def test_out_of_memory_bites_only_when_a_client_was_refused(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        client = world.stores["broker"].client
        async with OutOfMemory(component="redis.broker").strike(world) as evidence:
            assert await evidence() == ""
            with pytest.raises(OutOfMemoryError):
                await client.set("x", "1")
            assert "redis.broker refused" in await bitten(evidence)
        assert await client.set("x", "1")

    in_world(tmp_path, story)


def test_evict_takes_the_keys_and_lets_new_ones_live(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        client = world.stores["broker"].client
        await client.lpush("celery", "message")
        async with Evict(component="redis.broker").strike(world) as evidence:
            assert "redis.broker evicted" in await bitten(evidence)
        assert await client.llen("celery") == 0
        assert await client.set("x", "1")

    in_world(tmp_path, story)


def test_a_bad_message_bites_when_it_has_left_the_queue(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        client = world.stores["broker"].client
        async with BadMessage(kind="undecodable").strike(world) as evidence:
            assert await client.llen("celery") == 1
            assert await evidence() == ""
            await client.rpop("celery")
            assert await bitten(evidence)

    in_world(tmp_path, story)


def test_a_result_is_overwritten_once_it_is_there(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        client, key = world.stores["results"].client, world.key(3)
        async with GarbleResult(place=3).strike(world) as evidence:
            assert await evidence() == ""
            await client.set("celery-task-meta-a", b"good")
            world.clients.accepted[key] = "a"
            world.recorder.add(Probe(t=1, component="worker", pid=1, parent=1, word="succeeded", task_id="a", key=key))
            assert await bitten(evidence) == f"overwrote 4 bytes of the result of {key}"
            assert await client.get("celery-task-meta-a") != b"good"

    in_world(tmp_path, story)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (2, "no task of the workload started within 0.2 s; see the worker's log"),
        (
            3,
            "{key} was not submitted within 0.2 s; name an earlier place in `started`, or give the workload more tasks",
        ),
        (4, "no task of {key} started within 0.2 s, though 1 others did; name another place in `started`"),
    ],
)
def test_a_fault_that_waits_in_vain_for_a_task_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int, why: str
) -> None:
    monkeypatch.setattr(nemesis, "_START_S", 0.2)

    async def story(world: World) -> None:
        waiting = asyncio.create_task(
            nemesis.inject(world, "0", Injection(fault=Kill(component="worker"), started=place), random.Random(1))
        )
        for _ in range(3):
            await asyncio.sleep(0)  # It waits now.
        if place != 2:
            world.recorder.add(Probe(t=1, component="worker", pid=1, parent=1, word="started", task_id="a"))
        if place == 4:
            world.recorder.add(Invoked(t=world.recorder.now(), op=1, kind="submit", key=world.key(4)))
        await waiting
        (event,) = [event for event in world.recorder.events if isinstance(event, FaultEvent)]
        assert (event.stage, event.detail) == ("failed", why.format(key=world.key(place)))

    in_world(tmp_path, story)


def test_a_fault_that_waits_in_vain_for_a_frame_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nemesis, "_START_S", 0.2)
    when = sends("worker", "ZREM", key="unacked_index", place=2)

    async def story(world: World) -> None:
        injection = Injection(fault=Kill(component="worker"), when=when)
        await nemesis.inject(world, "0", injection, random.Random(1))
        (event,) = [event for event in world.recorder.events if isinstance(event, FaultEvent)]
        assert event.stage == "failed"
        assert event.detail == (
            f"no frame worker:ZREM(unacked_index):request of {world.key(2)} passed within 0.2 s; `stormproof sweep` shows which do"
        )

    in_world(tmp_path, story)


def test_where_tasks_show_no_key_an_order_means_the_task_whose_turn_it_is(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        def start(task_id: str) -> Probe:
            now = world.recorder.now()
            return Probe(t=now, component="worker", pid=5, parent=4, word="started", task_id=task_id)

        submitted = Invoked(t=0.1, op=1, kind="submit", key=world.key(0))
        for event in (submitted, Returned(t=0.2, op=1, outcome="ok", task_id="a"), start("a")):
            world.recorder.add(event)
        async with Misbehave(do="hold", place=2).strike(world) as evidence:
            (order,) = json.loads(Path(world.probe_env()["STORMPROOF_ORDERS"]).read_text())
            assert (order["key"], order["nth"]) == ("", "1")
            for task_id, turn in (("b", 0), ("c", 1)):
                world.recorder.add(start(task_id))
                assert await evidence() == ""
                Path(f"{order['turns']}-{turn}").write_text(task_id)
            assert await bitten(evidence) == "hold in process 5"
            meant = world.picture.submissions.start(world.key(2))
            assert meant is not None
            assert meant.task_id == "c"
        async with Misbehave(do="exit", place=3).strike(world):
            assert world.key(3) in world.picture.submissions.stand_ins
        assert world.key(3) not in world.picture.submissions.stand_ins, "no task was chosen in time"

    in_world(tmp_path, story)


def test_an_order_is_given_and_taken_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        orders = Path(world.probe_env()["STORMPROOF_ORDERS"])
        async with Misbehave(do="hold", place=2).strike(world) as evidence:
            assert world.key(2) in orders.read_text()
            assert await evidence() == ""
            started = Probe(
                t=world.recorder.now(),
                component="worker",
                pid=5,
                parent=4,
                word="started",
                task_id="a",
                key=world.key(2),
            )
            world.recorder.add(started)
            assert await bitten(evidence) == "hold in process 5"
        assert orders.read_text() == "[]"

    in_world(tmp_path, story)


def test_a_mail_server_that_refuses_can_be_reached_again_when_healed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async with Mail(mode="refuse").strike(world) as evidence:
            assert "refuses connections" in await bitten(evidence)
        _, writer = await asyncio.open_connection("127.0.0.1", world.effects.port)
        writer.close()

    in_world(tmp_path, story)


def test_a_silent_mail_server_bites_with_the_first_connection(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async with Mail(mode="silent").strike(world) as evidence:
            assert await evidence() == ""
            _, writer = await asyncio.open_connection("127.0.0.1", world.effects.port)
            assert await bitten(evidence) == "silent: struck 1 times"
            writer.close()

    in_world(tmp_path, story)


@pytest.mark.parametrize(
    "fault", [Kill(component="beat"), Pause(component="redis.cache"), OutOfMemory(component="redis.x")]
)
def test_a_target_that_the_system_lacks_is_refused_by_name(tmp_path: Path, fault: Fault) -> None:
    async def story(world: World) -> None:
        with pytest.raises(DescriptionError, match="it has: "):
            nemesis.check(world, (Injection(fault=fault),))

    in_world(tmp_path, story)
