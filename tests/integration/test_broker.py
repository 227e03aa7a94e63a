"""What is where in the broker's Redis, on a real one: each place in which a message can be is seen, and nothing else counts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from celery import Celery
from stormproof.brokers.redis.resp import request
from stormproof.brokers.redis.server import RedisServer, find_binary
from stormproof.brokers.redis.shape import ids, name
from stormproof.errors import UnreachableError
from stormproof.frameworks.celery.on_redis.deliveries import Deliveries, Place
from stormproof.frameworks.celery.on_redis.meanings import KombuReader
from stormproof.frameworks.celery.on_redis.messages import KombuMessages
from stormproof.frameworks.framework import Hold
from stormproof.history import Settings
from stormproof.processes.launcher import Launcher
from stormproof.processes.ports import Ports
from stormproof.spec.tables import Redis
from stormproof.spec.trigger import Moment

TAG = str(uuid.UUID(int=7))
DEFAULT = Settings(t=0, component="worker", pid=11, queues=("celery",))
ELSEWHERE = Settings(
    t=0,
    component="worker",
    pid=11,
    database=3,
    prefix="shop.",
    separator=":",
    steps=(0, 4, 8),
    unacked_key="held",
    unacked_index_key="held_index",
    visibility_s=77,
    queues=("mail", "bulk"),
)


class Workers:
    """Of one worker: its main process, and what its consumer did."""

    def __init__(self) -> None:
        self.pid, self.since, self.connections = 11, -1.0, {1}

    def main_pid(self, component: str) -> int:
        return self.pid if component == "worker" else 0

    def consuming_since(self, component: str) -> float:
        return self.since

    def finished_since(self, component: str, task_id: str) -> float:
        return -1.0

    def connected(self, link: str, connection: int) -> bool:
        return connection in self.connections


Story = Callable[[KombuMessages], Awaitable[None]]


def tell(
    tmp_path: Path, story: Story, settings: Settings | None = DEFAULT, queues: tuple[str, ...] = ("celery",)
) -> None:
    """Have a story told with a real Redis, and a worker of these settings of which only its word is there."""

    async def run() -> None:
        with contextlib.closing(Ports()) as ports:
            async with Launcher(f"test-broker-{os.getpid()}", tmp_path) as launcher:
                server = RedisServer("broker", Redis(), find_binary(), launcher, tmp_path / "data", ports.free())
                told = {settings.component: settings} if settings else {}
                try:
                    await server.start()
                    await story(KombuMessages(server, queues, Deliveries(Workers()), told, {"worker"}))
                finally:
                    await server.close()

    asyncio.run(run())


def publisher(broker: KombuMessages, settings: Settings) -> Celery:
    """An application of the user's, with these settings."""
    app = Celery(broker=broker.server.url_of(settings.database), set_as_current=False)
    app.conf.broker_transport_options = {
        "global_keyprefix": settings.prefix,
        "sep": settings.separator,
        "priority_steps": list(settings.steps),
        "unacked_key": settings.unacked_key,
        "unacked_index_key": settings.unacked_index_key,
    }
    return app


async def publish(broker: KombuMessages, settings: Settings, queue: str, **options: Any) -> str:
    app = publisher(broker, settings)
    sent = await asyncio.to_thread(app.send_task, "shop.ship", args=[1], queue=queue, **options)
    app.close()
    return str(sent.id)


async def take(broker: KombuMessages, settings: Settings, queue: str) -> None:
    """Take a message as a worker does, and neither acknowledge nor give it back."""

    def run() -> None:
        app = publisher(broker, settings)
        connection = app.connection_for_read()
        channel = connection.default_channel
        channel.qos.restore_at_shutdown = False
        assert channel.basic_get(queue) is not None
        channel.qos._delivered.clear()  # A process that was killed gives nothing back.
        connection.close()

    await asyncio.to_thread(run)


@pytest.mark.parametrize("settings", [DEFAULT, ELSEWHERE], ids=["defaults", "elsewhere"])
@pytest.mark.parametrize("priority", [0, 5, 9])
def test_a_message_of_any_priority_is_counted_wherever_the_workers_keep_theirs(
    tmp_path: Path, settings: Settings, priority: int
) -> None:
    async def story(broker: KombuMessages) -> None:
        await publish(broker, settings, settings.queues[-1], priority=priority)
        assert await broker.depth() == (1, 0)
        await take(broker, settings, settings.queues[-1])
        assert await broker.depth() == (0, 1)
        assert (await broker.server.sample(1.5, broker.depth)).unacked == 1

    tell(tmp_path, story, settings)


def test_a_message_in_a_queue_and_a_database_that_nobody_named_is_found(tmp_path: Path) -> None:
    async def story(broker: KombuMessages) -> None:
        other = Settings(t=0, component="other", pid=12, database=5, prefix="of-others.", queues=("nobody-named-it",))
        await publish(broker, other, "nobody-named-it")
        assert (await broker.depth(), await broker.astray()) == ((0, 0), 0)
        assert await broker.discover()
        assert (await broker.depth(), await broker.astray()) == ((0, 0), 1)
        await take(broker, other, "nobody-named-it")
        assert await broker.discover()
        assert (await broker.depth(), await broker.astray()) == ((0, 1), 0)
        assert not await broker.discover()

    tell(tmp_path, story)


def test_what_is_no_task_does_not_count(tmp_path: Path) -> None:
    async def story(broker: KombuMessages) -> None:
        client = cast("Any", broker.server.client)
        await client.rpush("log-of-the-application", "a line", "another")
        await client.rpush("5f.reply.celery.pidbox", json.dumps({"body": "e30=", "headers": {"clock": 1}}))
        await client.hset("users-unacked", "alice", "1")
        await client.set("celery\x06\x163", "a string where a list is expected")
        assert not await broker.discover()
        assert await broker.depth() == (0, 0)

    tell(tmp_path, story)


def test_a_redis_that_is_loading_or_gone_counts_nothing_as_none(tmp_path: Path) -> None:
    async def story(broker: KombuMessages) -> None:
        await cast("Any", broker.server.client).execute_command("ACL", "SETUSER", "default", "-@all", "+acl", "+info")
        with pytest.raises(UnreachableError):
            await broker.depth()

    tell(tmp_path, story)


@pytest.mark.parametrize("settings", [DEFAULT, ELSEWHERE], ids=["defaults", "elsewhere"])
def test_an_abandoned_message_goes_back_to_where_a_worker_of_those_settings_reads(
    tmp_path: Path, settings: Settings
) -> None:
    async def story(broker: KombuMessages) -> None:
        task_id = await publish(broker, settings, settings.queues[0], priority=8)
        await take(broker, settings, settings.queues[0])
        [message] = await broker.unacked()
        assert (message.task_id, message.hold) == (task_id, Hold.UNSEEN)
        assert broker.returns(message, ["worker"])
        assert not broker.returns(message, [])
        [back] = broker.hand_back([message], ["worker"])
        assert (back.task_ids, back.waited_s) == ((task_id,), settings.visibility_s)
        await asyncio.to_thread(back.do)
        assert await broker.depth() == (1, 0)
        client = cast("Any", broker.server.at(settings.database))
        step = max(step for step in settings.steps if step <= 8)
        assert await client.llen(f"{settings.prefix}{settings.queues[0]}{settings.separator}{step}") == 1
        assert await client.zcard(settings.prefix + settings.unacked_index_key) == 0

    tell(tmp_path, story, settings)


def test_an_eta_is_read_from_the_message_itself(tmp_path: Path) -> None:
    async def story(broker: KombuMessages) -> None:
        await publish(broker, DEFAULT, "celery", countdown=60)
        await take(broker, DEFAULT, "celery")
        [message] = await broker.unacked()
        assert message.eta is not None

    tell(tmp_path, story)


def frame(command: str, *words: str, connection: int = 1, store: str = "broker", component: str = "worker") -> Moment:
    raw = request(command, *words)
    link = component if store == "broker" else f"{component}.{store}"
    return Moment(
        link=link, component=component, store=store, connection=connection, direction="request", command=command,
        key=words[0], raw=raw, meaning=KombuReader(set).request(*name(raw), raw, ids(raw)),
    )  # fmt: skip


def test_a_worker_whose_link_saw_it_ask_for_nothing_is_said_to_be_unseen(tmp_path: Path) -> None:
    async def story(broker: KombuMessages) -> None:
        said = broker.unseen(["worker"])
        assert "no link has seen worker ask for a message" in said
        assert "{redis.broker.url}" in said
        assert broker.unseen([]) == ""
        broker.deliveries.watch(frame("BRPOP", "celery", "1"), 1.0)
        assert broker.unseen(["worker"]) == ""

    tell(tmp_path, story)


def test_messages_that_pass_through_another_redis_are_said_to_be_unseen_with_the_line_that_mends_it(
    tmp_path: Path,
) -> None:
    async def story(broker: KombuMessages) -> None:
        broker.deliveries.watch(frame("BRPOP", "celery", "1"), 1.0)
        broker.deliveries.watch(frame("SELECT", "4", store="results", connection=2), 1.0)
        broker.deliveries.watch(frame("BRPOP", "celery", "1", store="results", connection=2), 1.0)
        said = broker.unseen(["worker"])
        assert "'celery' in database 4 of redis.results" in said
        assert 'broker = "results"' in said

    tell(tmp_path, story)


def test_a_list_that_a_worker_reads_counts_and_one_that_a_client_reads_does_not(tmp_path: Path) -> None:
    async def story(broker: KombuMessages) -> None:
        broker.deliveries.watch(frame("SELECT", "6"), 1.0)
        broker.deliveries.watch(frame("BRPOP", "read-by-worker", "1"), 1.0)
        broker.deliveries.watch(frame("BRPOP", "read-by-api", "1", component="api", connection=3), 1.0)
        assert Place("broker", 6, b"read-by-worker") in broker.lists
        assert not any(place.key == b"read-by-api" for place in broker.lists)

    tell(tmp_path, story)
