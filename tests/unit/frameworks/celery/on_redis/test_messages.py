"""Where messages are in a broker, on a Redis of memory: all that counts queues. What needs kombu's own restore is in `integration`."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

import fakeredis
import msgspec
import pytest
from celery import current_app
from redis.exceptions import BusyLoadingError, RedisError, ResponseError
from stormproof.brokers.redis.resp import request
from stormproof.brokers.redis.server import RedisServer
from stormproof.brokers.redis.shape import ids, name
from stormproof.errors import UnreachableError
from stormproof.frameworks.celery.on_redis.deliveries import Deliveries, Place
from stormproof.frameworks.celery.on_redis.meanings import KombuReader
from stormproof.frameworks.celery.on_redis.messages import KombuMessages
from stormproof.frameworks.framework import Hold
from stormproof.history import Settings
from stormproof.spec.trigger import Moment

TAG, OTHER_TAG = (str(uuid.UUID(int=number)) for number in (1, 2))
TASK = {"body": "W10=", "headers": {"task": "shop.ship", "id": "a"}}
WORKER = Settings(t=0, component="worker", pid=11, queues=("celery",))
ELSEWHERE = Settings(
    t=0, component="worker", pid=11, database=3, prefix="shop.", separator=":", steps=(0, 4), unacked_key="held", queues=("mail",)
)  # fmt: skip


class Server:
    """A server of which only the data is there."""

    name, component = "broker", "redis.broker"

    def __init__(self) -> None:
        self.memory = fakeredis.FakeServer()

    def at(self, database: int) -> Any:
        return fakeredis.FakeAsyncRedis(server=self.memory, db=database)

    @property
    def client(self) -> Any:
        return self.at(0)

    def url_of(self, database: int) -> str:
        return f"redis://127.0.0.1:1/{database}"

    async def databases(self) -> list[int]:
        return sorted(self.memory.dbs)

    sample = RedisServer.sample


class Workers:
    """One worker that runs, and that has executed some tasks to their end."""

    def __init__(self) -> None:
        self.finished: dict[str, float] = {}

    def main_pid(self, component: str) -> int:
        return 11

    def consuming_since(self, component: str) -> float:
        return -1.0

    def finished_since(self, component: str, task_id: str) -> float:
        return self.finished.get(task_id, -1.0)

    def connected(self, link: str, connection: int) -> bool:
        return True


def broker(*told: Settings, queues: tuple[str, ...] = ("celery",)) -> KombuMessages:
    settings = {each.component: each for each in told}
    server = cast("RedisServer", Server())
    return KombuMessages(server, queues, Deliveries(Workers()), settings, {"worker", "worker-2"})


def tell(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(cast("Any", story()))


def frame(command: str, *words: str, component: str = "worker", store: str = "broker", connection: int = 1) -> Moment:
    raw = request(command, *words)
    return Moment(
        link=component, component=component, store=store, connection=connection, direction="request", command=command,
        key="", raw=raw, meaning=KombuReader(set).request(*name(raw), raw, ids(raw)),
    )  # fmt: skip


def test_the_lists_of_each_step_of_each_queue_that_anybody_named_count() -> None:
    worker = msgspec.structs.replace(ELSEWHERE, queues=("mail", "bulk"))
    names = {place.key for place in broker(worker, queues=("celery",)).lists}
    assert names == {f"shop.{queue}{step}".encode() for queue in ("celery", "mail", "bulk") for step in ("", ":4")}
    assert {place.database for place in broker(worker).lists} == {3}


def test_where_no_worker_has_said_anything_the_defaults_of_kombu_count() -> None:
    lists = broker(queues=("mail",)).lists
    assert lists == {
        Place("broker", 0, name) for name in (b"mail", b"mail\x06\x163", b"mail\x06\x166", b"mail\x06\x169")
    }
    assert broker().hashes == {Place("broker", 0, b"unacked")}


def test_each_workers_own_settings_count() -> None:
    second = msgspec.structs.replace(WORKER, component="worker-2", queues=("bulk",))
    both = broker(ELSEWHERE, second)
    assert {Place("broker", 3, b"shop.mail:4"), Place("broker", 0, b"bulk\x06\x169")} <= both.lists
    assert both.hashes == {Place("broker", 3, b"shop.held"), Place("broker", 0, b"unacked")}
    assert both.settings is ELSEWHERE
    assert both.queue == "mail"
    assert broker(queues=("first", "second")).queue == "first"
    assert broker(msgspec.structs.replace(WORKER, queues=()), queues=("first", "second")).queue == "first"
    of_nobody = broker(queues=("first", "second")).settings
    assert (of_nobody.t, of_nobody.component, of_nobody.pid, of_nobody.queues) == (0, "", 0, ("first", "second"))


def test_messages_are_summed_over_databases() -> None:
    async def story() -> None:
        there = broker(ELSEWHERE, msgspec.structs.replace(WORKER, component="worker-2"))
        await there.server.at(3).lpush("shop.mail:4", "a", "b")
        await there.server.at(3).hset("shop.held", TAG, "[]")
        await there.server.at(0).lpush("celery", "c")
        await there.server.at(0).hset("unacked", mapping={TAG: "[]", OTHER_TAG: "[]"})
        assert await there.depth() == (3, 3)

    tell(story)


def test_a_key_of_another_type_counts_as_nothing() -> None:
    async def story() -> None:
        there = broker(WORKER)
        await there.server.client.set("celery", "a string")
        await there.server.client.lpush("celery\x06\x163", "a")
        assert await there.depth() == (1, 0)

    tell(story)


class Refusing:
    """A Redis that answers each command of a pipeline with an error."""

    def __init__(self, error: RedisError) -> None:
        self.error = error

    def pipeline(self, *, transaction: bool) -> Refusing:
        assert not transaction
        return self

    def execute_command(self, *words: Any) -> None:
        pass

    async def execute(self, *, raise_on_error: bool) -> list[Any]:
        return [self.error]


@pytest.mark.parametrize(
    "error",
    [BusyLoadingError("Redis is loading the dataset in memory"), ResponseError("NOPERM no permissions for 'llen'")],
    ids=["loading", "refused"],
)
def test_an_error_never_counts_as_no_messages(monkeypatch: pytest.MonkeyPatch, error: RedisError) -> None:
    async def story() -> None:
        there = broker(WORKER)
        monkeypatch.setattr(there.server, "at", lambda database: Refusing(error))
        with pytest.raises(UnreachableError, match=str(error)):
            await there.depth()

    tell(story)


def test_a_task_in_a_place_that_nobody_named_is_found_once() -> None:
    async def story() -> None:
        there = broker(WORKER)
        await there.server.at(5).lpush("nobody-named-it", json.dumps(TASK))
        await there.server.at(5).hset("theirs.unacked", TAG, json.dumps([TASK, "", "x"]))
        assert (await there.depth(), await there.astray()) == ((0, 0), 0)
        assert await there.discover()
        assert (await there.depth(), await there.astray()) == ((0, 1), 1)
        await there.server.at(2).lpush("nobody-named-it-either", json.dumps(TASK))
        await there.server.at(2).hset("others.unacked", TAG, json.dumps([TASK, "", "x"]))
        assert await there.discover()
        assert (await there.depth(), await there.astray()) == ((0, 2), 2)
        assert not await there.discover()
        assert Place("broker", 5, b"nobody-named-it") in there.lists
        assert Place("broker", 5, b"theirs.unacked") in there.hashes

    tell(story)


def test_a_list_that_no_worker_reads_is_astray_until_one_reads_it() -> None:
    async def story() -> None:
        there = broker(WORKER)
        await there.server.at(0).lpush("dead-letters", json.dumps(TASK))
        assert await there.discover()
        assert (await there.depth(), await there.astray()) == ((0, 0), 1)
        there.deliveries.watch(frame("BRPOP", "dead-letters", "1", component="another-system", connection=2), 1.0)
        assert (await there.depth(), await there.astray()) == ((0, 0), 1)
        there.deliveries.watch(frame("BRPOP", "dead-letters", "1"), 2.0)
        assert (await there.depth(), await there.astray()) == ((1, 0), 0)

    tell(story)


def test_messages_in_a_list_that_no_worker_has_read_are_told_though_the_description_names_it() -> None:
    async def story() -> None:
        there = broker(WORKER)
        (described,) = (place for place in there.lists if place.key == b"celery")
        assert await there.unread() == []
        await there.server.at(described.database).lpush(described.key, json.dumps(TASK))
        await there.server.at(2).lpush("nobody-reads-it", json.dumps(TASK))
        assert await there.unread() == [described, Place("broker", 2, b"nobody-reads-it")]
        there.deliveries.watch(frame("SELECT", "2"), 1.0)
        there.deliveries.watch(frame("BRPOP", "nobody-reads-it", "1"), 2.0)
        assert await there.unread() == [described]

    tell(story)


@pytest.mark.parametrize(
    "element",
    ["a line", "{", "null", "[]", '"text"', json.dumps({"headers": {"clock": 1}}), json.dumps({"headers": None}), json.dumps({"headers": 3})],
)  # fmt: skip
def test_a_list_whose_elements_are_no_tasks_is_the_applications_own(element: str) -> None:
    async def story() -> None:
        there = broker(WORKER)
        await there.server.client.lpush("own", element)
        assert not await there.discover()

    tell(story)


def test_a_hash_of_the_applications_own_is_not_read_whatever_is_in_it() -> None:
    async def story() -> None:
        there = broker(WORKER)
        await there.server.client.hset("own", TAG, json.dumps([TASK, "", "x"]))
        await there.server.client.hset("own-unacked", "alice", "1")
        assert not await there.discover()

    tell(story)


def test_an_unacknowledged_message_says_its_task_its_eta_and_who_has_it() -> None:
    async def story() -> None:
        there = broker(WORKER)
        eta = {"body": "", "headers": {"id": "b", "eta": "2026-01-02T03:04:05"}}
        aware = {"body": "", "headers": {"id": "c", "eta": "2026-01-02T03:04:05+02:00"}}
        await there.server.client.hset("unacked", b"\xff", "{")
        assert [message.task_id for message in await there.unacked()] == ["\ufffd"]
        await there.server.client.delete("unacked")
        texts = {
            TAG: json.dumps([TASK, "", "x"]),
            OTHER_TAG: json.dumps([eta, "", "x"]),
            "aware": json.dumps([aware, "", "x"]),
            "odd": json.dumps([{"headers": {"id": "d", "eta": "soon"}}, "", "x"]),
            "torn": "[{",
        }
        await there.server.client.hset("unacked", mapping=texts)
        there.deliveries.watch(frame("HSET", "unacked", TAG, "[]"), 1.0)
        found = {message.tag.decode(): message for message in await there.unacked()}
        assert {tag: message.task_id for tag, message in found.items()} == {
            TAG: "a", OTHER_TAG: "b", "aware": "c", "odd": "d", "torn": "torn",
        }  # fmt: skip
        assert {tag: message.hold for tag, message in found.items()} == dict.fromkeys(texts, Hold.UNSEEN) | {
            TAG: Hold.HELD
        }
        assert found[OTHER_TAG].eta == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert found["aware"].eta == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
        assert found[TAG].eta is found["odd"].eta is found["torn"].eta is None
        assert {message.place for message in found.values()} == {Place("broker", 0, b"unacked")}

    tell(story)


def test_a_message_whose_task_its_worker_has_executed_is_done() -> None:
    async def story() -> None:
        there = broker(WORKER)
        await there.server.client.hset("unacked", TAG, json.dumps([TASK, "", "x"]))
        there.deliveries.watch(frame("HSET", "unacked", TAG, "[]"), 1.0)
        there.deliveries._workers.finished = {"b": 2.0}
        assert [message.hold for message in await there.unacked()] == [Hold.HELD]
        there.deliveries._workers.finished = {"a": 2.0}
        assert [message.hold for message in await there.unacked()] == [Hold.DONE]

    tell(story)


def test_a_message_that_is_gone_is_listed_no_more() -> None:
    async def story() -> None:
        there = broker(WORKER)
        await there.server.client.hset("unacked", TAG, json.dumps([TASK, "", "x"]))
        assert len(await there.unacked()) == 1
        await there.server.client.hdel("unacked", TAG)
        assert await there.unacked() == []

    tell(story)


def test_only_a_live_workers_settings_say_where_abandoned_messages_would_go_back() -> None:
    second = msgspec.structs.replace(WORKER, component="worker-2", queues=("bulk",))
    there = broker(ELSEWHERE, second)
    assert there._restorers(["worker"]) == {Place("broker", 3, b"shop.held"): ELSEWHERE}
    assert there._restorers(["worker-2"]) == {Place("broker", 0, b"unacked"): second}
    assert there._restorers(["worker-3"]) == {}


def test_a_client_of_ours_keeps_messages_as_the_worker_does() -> None:
    app = broker(msgspec.structs.replace(ELSEWHERE, serializer="pickle", visibility_s=77.0)).celery()
    assert current_app._get_current_object() is not app  # Nobody else's application becomes ours.
    conf = app.conf
    assert conf.broker_url == "redis://127.0.0.1:1/3"
    assert (conf.task_default_queue, conf.task_serializer) == ("mail", "pickle")
    assert conf.broker_transport_options == {
        "socket_timeout": 3,
        "socket_connect_timeout": 3,
        "global_keyprefix": "shop.",
        "sep": ":",
        "priority_steps": [0, 4],
        "unacked_key": "held",
        "unacked_index_key": "unacked_index",
        "visibility_timeout": 77.0,
    }
    assert broker(WORKER).celery(ELSEWHERE).conf.broker_url == "redis://127.0.0.1:1/3"


def test_the_inbox_is_the_list_that_a_worker_reads_first() -> None:
    async def story() -> None:
        client, key = broker(ELSEWHERE).inbox()
        assert key == "shop.mail"
        await cast("Any", client).lpush(key, "x")
        assert client.connection_pool.connection_kwargs["db"] == 3

    tell(story)


def test_a_worker_that_asked_for_nothing_through_its_link_is_unseen() -> None:
    there = broker(msgspec.structs.replace(WORKER, transport="redis"))
    assert there.unseen([]) == ""
    assert there.unseen(["worker"]) == (
        "no link has seen worker ask for a message; have its broker's address come from {redis.broker.url}"
    )
    there.deliveries.watch(frame("BRPOP", "celery", "1"), 1.0)
    assert there.unseen(["worker"]) == ""
    assert there.unseen(["worker", "worker-2"]).startswith("no link has seen worker-2 ask for a message; ")


def test_a_worker_of_another_broker_is_unseen_and_its_transport_is_named() -> None:
    there = broker(msgspec.structs.replace(WORKER, transport="amqp"))
    assert "worker ask for a message (its transport is 'amqp'); have" in there.unseen(["worker"])


def test_messages_in_another_redis_are_unseen_and_the_line_that_covers_them_is_named() -> None:
    there = broker(WORKER)
    there.deliveries.watch(frame("BRPOP", "celery", "1", store="results", component="worker-2", connection=2), 1.0)
    assert there.unseen([]) == (
        "messages pass through the list 'celery' in database 0 of redis.results, and only redis.broker is looked at; "
        'say broker = "results" in the description, or keep the queues in one Redis'
    )
    published = broker(WORKER)
    published.deliveries.watch(frame("LPUSH", "x", json.dumps(TASK), store="cache", component="api"), 1.0)
    assert 'say broker = "cache"' in published.unseen([])
    of_a_client = broker(WORKER)
    of_a_client.deliveries.watch(frame("BRPOP", "celery", "1", store="results", component="api"), 1.0)
    assert of_a_client.unseen([]) == ""


def test_lists_that_workers_read_or_to_which_tasks_are_published_count_and_those_that_clients_read_do_not() -> None:
    there = broker(WORKER)
    there.deliveries.watch(frame("BRPOP", "read", "1"), 1.0)
    there.deliveries.watch(frame("BRPOP", "of-a-client", "1", component="api"), 1.0)
    there.deliveries.watch(frame("LPUSH", "published", json.dumps(TASK), component="api"), 1.0)
    there.deliveries.watch(frame("BRPOP", "elsewhere", "1", store="results"), 1.0)
    keys = {place.key for place in there.lists}
    assert {b"read", b"published"} <= keys
    assert not {b"of-a-client", b"elsewhere"} & keys
    there.deliveries.watch(frame("HSET", "h", TAG, "[]", store="results"), 1.0)
    there.deliveries.watch(frame("HSET", "h2", TAG, "[]"), 1.0)
    there.deliveries.watch(frame("HSET", "shop:unacked", TAG, "[]"), 1.0)
    assert {place.key for place in there.hashes} == {b"unacked", b"shop:unacked"}


def test_a_sample_of_a_server_that_does_not_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        there = broker(WORKER)

        class Down:
            async def info(self) -> None:
                raise RedisError("gone")

        monkeypatch.setattr(Server, "client", Down())
        found = await there.server.sample(2.5, there.depth)
        assert (found.t, found.store, found.up, found.queued) == (2.5, "broker", False, 0)

    tell(story)


@pytest.mark.parametrize("loading", [0, 1])
def test_a_sample_is_what_the_server_says_of_itself(monkeypatch: pytest.MonkeyPatch, loading: int) -> None:
    info = {
        "loading": loading, "connected_clients": "3", "used_memory": "4", "evicted_keys": "5",
        "db0": {"keys": 7, "expires": 2}, "db3": {"keys": 10, "expires": 1}, "db_of_nothing": 8,
    }  # fmt: skip

    async def story() -> None:
        there = broker(WORKER)
        await there.server.at(0).lpush("celery", "a", "b")
        await there.server.at(0).hset("unacked", TAG, "[]")

        class Up:
            async def info(self) -> dict[str, Any]:
                return info

        monkeypatch.setattr(Server, "client", Up())
        found = await there.server.sample(2.5, there.depth)
        assert (found.t, found.store) == (2.5, "broker")
        assert (found.up, found.queued, found.unacked) == (not loading, 2, 1)
        assert (found.connections, found.memory_bytes, found.evicted) == (3, 4, 5)
        assert (found.keys, found.all_keys) == (14, 17)
        without = await there.server.sample(2.5, None)
        assert (without.queued, without.unacked) == (0, 0)

    tell(story)
