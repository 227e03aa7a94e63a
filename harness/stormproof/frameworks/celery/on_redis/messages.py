"""What kombu keeps in the broker's Redis: the queues, and the unacknowledged messages, wherever they are.

Three sources together show where they are: what the workers report about their transport, what passes the links, and
Redis itself. The description's `queues` are added, but are not assumed to be complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import redis.asyncio
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import ResponseError

from stormproof.brokers.redis.server import RedisServer
from stormproof.brokers.redis.server import reaching as of_redis
from stormproof.brokers.redis.shape import shape
from stormproof.frameworks.celery.on_redis.deliveries import Deliveries, Place
from stormproof.frameworks.celery.on_redis.meanings import KombuReader
from stormproof.frameworks.framework import HandBack, Unacked
from stormproof.history import Settings
from stormproof.spec.trigger import Moment

_TIMEOUTS = {"socket_timeout": 3, "socket_connect_timeout": 3}
_SCAN_COUNT = 1000


def reaching() -> AbstractContextManager[None]:
    """Raise UnreachableError in place of any error of redis-py or kombu that means that the broker does not answer."""
    return of_redis(OperationalError)


class KombuMessages:
    """The messages of the system in the broker.

    `queues`: those that the description names. `settings`: what each worker reported when it last became ready.
    `workers`: the names of all copies of workers.
    """

    def __init__(
        self,
        server: RedisServer,
        queues: tuple[str, ...],
        deliveries: Deliveries,
        settings: Mapping[str, Settings],
        workers: Collection[str],
    ) -> None:
        self.server, self.deliveries = server, deliveries
        self._queues, self._settings, self._workers = queues, settings, workers
        self._messages: dict[tuple[Place, bytes], tuple[str, datetime | None]] = {}
        self._found_lists: set[Place] = set()
        self._found_hashes: set[Place] = set()

    @property
    def settings(self) -> Settings:
        """How the system's messages are kept, as a worker reported it; kombu's defaults if none has."""
        return next(iter(self._settings.values()), Settings(t=0, component="", pid=0, queues=self._queues))

    def celery(self, settings: Settings | None = None) -> Celery:
        """A bare Celery client that keeps messages as a worker with these settings does."""
        like = settings or self.settings
        app = Celery(broker=self.server.url_of(like.database), set_as_current=False)
        app.conf.task_default_queue = self.queue
        app.conf.task_serializer = like.serializer
        app.conf.broker_transport_options = {
            **_TIMEOUTS,
            "global_keyprefix": like.prefix,
            "sep": like.separator,
            "priority_steps": list(like.steps),
            "unacked_key": like.unacked_key,
            "unacked_index_key": like.unacked_index_key,
            "visibility_timeout": like.visibility_s,
        }
        return app

    @property
    def queue(self) -> str:
        """A queue that a worker reads."""
        return next(iter(self.settings.queues), self._queues[0])

    def inbox(self) -> tuple[redis.asyncio.Redis, str]:
        """A client, and the list in its database from which a worker takes that queue's most urgent messages."""
        return self.server.at(self.settings.database), self.settings.prefix + self.queue

    def reader(self) -> KombuReader:
        """A reader for the frames of one connection."""
        return KombuReader(
            lambda: {shape((told.prefix + told.unacked_key).encode()) for told in self._settings.values()}
        )

    def watch(self, moment: Moment, t: float) -> None:
        """Record which worker receives which message."""
        self.deliveries.watch(moment, t)

    async def depth(self) -> tuple[int, int]:
        """Messages queued where workers read, and messages unacknowledged. Raises UnreachableError if Redis does not
        answer.
        """
        return await self._count(self.read_lists, "LLEN"), await self._count(self.hashes, "HLEN")

    async def astray(self) -> int:
        """Messages in lists that no worker of the system reads; another system may. Raises the same errors as `depth`."""
        return await self._count(self.lists - self.read_lists, "LLEN")

    async def unread(self) -> list[Place]:
        """Lists with waiting messages that no link has seen a worker read. The description's queues may be among them.
        Raises the same errors as `depth`.
        """
        await self.discover()
        return [place for place in sorted(self.lists - self._read()) if await self._count([place], "LLEN")]

    @property
    def lists(self) -> set[Place]:
        """The known lists in which messages wait."""
        passing = {place for place in self._passing() if place.store == self.server.name}
        return self._found_lists | passing | self._described()

    @property
    def read_lists(self) -> set[Place]:
        """Those of them that workers read, according to the links, their own reports, or the description."""
        return {place for place in self._read() if place.store == self.server.name} | self._described()

    def _passing(self) -> set[Place]:
        """Where messages have passed a link: lists that workers read, and those to which tasks were published."""
        return self._read() | self.deliveries.published

    def _read(self) -> set[Place]:
        """Lists that workers have been seen to read."""
        return set().union(
            *(places for component, places in self.deliveries.reads.items() if component in self._workers)
        )

    @property
    def hashes(self) -> set[Place]:
        """The known hashes in which unacknowledged messages are recorded."""
        store = self.server.name
        told = {Place(store, each.database, (each.prefix + each.unacked_key).encode()) for each in self._all_settings()}
        return self._found_hashes | told | {place for place in self.deliveries.hashes if place.store == store}

    def _all_settings(self) -> Iterable[Settings]:
        return self._settings.values() or [self.settings]

    def _described(self) -> set[Place]:
        names = [
            (each, f"{each.prefix}{queue}{each.separator}{step}" if step else each.prefix + queue)
            for each in self._all_settings()
            for queue in {*self._queues, *each.queues}
            for step in each.steps
        ]
        return {Place(self.server.name, each.database, name.encode()) for each, name in names}

    async def _count(self, places: Collection[Place], command: str) -> int:
        with reaching():
            return await self._counted(places, command)

    async def _counted(self, places: Collection[Place], command: str) -> int:
        total = 0
        for database in sorted({place.database for place in places}):
            pipe = self.server.at(database).pipeline(transaction=False)
            for place in places:
                if place.database == database:
                    pipe.execute_command(command, place.key)
            for found in await pipe.execute(raise_on_error=False):
                if isinstance(found, int):
                    total += found
                elif not (isinstance(found, ResponseError) and str(found).startswith("WRONGTYPE")):
                    raise found  # A key of another type holds no messages; no other error may count as none.
        return total

    async def discover(self) -> bool:
        """Search all of Redis for messages in unknown places; return whether there were any. Raises the same errors as
        `depth`.
        """
        known = len(self.lists), len(self.hashes)
        with reaching():
            for database in await self.server.databases():
                client = self.server.at(database)
                self._found_lists |= await self._search(
                    client, database, "list", self.lists, lambda key: ("LINDEX", key, 0)
                )
                self._found_hashes |= await self._search(
                    client, database, "hash", self.hashes, lambda key: ("HVALS", key)
                )
        return (len(self.lists), len(self.hashes)) != known

    async def _search(
        self,
        client: redis.asyncio.Redis,
        database: int,
        kind: str,
        known: set[Place],
        first: Callable[[bytes], tuple[Any, ...]],
    ) -> set[Place]:
        """The keys of this type that hold a task's message."""
        keys = [key async for key in client.scan_iter(_type=kind, count=_SCAN_COUNT)]
        places = [place for key in keys if (place := Place(self.server.name, database, bytes(key))) not in known]
        if (
            kind == "hash"
        ):  # An application's own may be of any size; kombu's has a name that ends like its default, or was reported.
            places = [place for place in places if place.key.endswith(b"unacked")]
        pipe = client.pipeline(transaction=False)
        for place in places:
            pipe.execute_command(*first(place.key))
        found = await pipe.execute(raise_on_error=False) if places else []
        return {place for place, value in zip(places, found, strict=True) if _holds_a_task(value)}

    async def unacked(self) -> list[Unacked]:
        """Each unacknowledged message, and its holder. Raises the same errors as `depth`."""
        with reaching():
            return [message for place in sorted(self.hashes) for message in await self._unacked_in(place)]

    async def _unacked_in(self, place: Place) -> list[Unacked]:
        found = []
        client = self.server.at(place.database)
        for tag in cast("list[bytes]", await client.hkeys(place.key)):
            if (place, tag) not in self._messages:  # It may be large, and is looked at many times.
                stored = cast("bytes | None", await client.hget(place.key, tag))
                headers = _headers(stored or b"")
                task_id = str(headers.get("id") or tag.decode("utf-8", "replace"))
                self._messages[place, tag] = task_id, _eta(headers)
            task_id, eta = self._messages[place, tag]
            found.append(Unacked(place, tag, task_id, eta, self.deliveries.holds(place, tag, task_id)))
        return found

    def unseen(self, alive: Iterable[str]) -> str:
        """The messages that were seen but are not observed, in one sentence with the fix; "" if there are none.
        `alive`: the workers.
        """
        for place in sorted(self._passing()):
            if place.store != self.server.name:
                return (
                    f"messages pass through the list {place}, and only redis.{self.server.name} is looked at; "
                    f'say broker = "{place.store}" in the description, or keep the queues in one Redis'
                )
        for component in alive:
            if not self.deliveries.reads.get(component):
                said = self._settings.get(component)
                by = f" (its transport is {said.transport!r})" if said and said.transport not in ("", "redis") else ""
                return (
                    f"no link has seen {component} ask for a message{by}; have its broker's address come from "
                    f"{{redis.{self.server.name}.url}}"
                )
        return ""

    def returns(self, message: Unacked, alive: Iterable[str]) -> bool:
        """Whether a live worker keeps its unacknowledged messages in the place of this one."""
        return message.place in self._restorers(alive)

    def hand_back(self, messages: Sequence[Unacked], alive: Iterable[str]) -> list[HandBack]:
        """Return messages to the queue as the live workers do, each by its own settings, after the visibility timeout."""
        found = []
        for place, settings in self._restorers(alive).items():
            here = [message for message in messages if message.place == place]
            if here:
                task_ids = tuple(message.task_id for message in here)
                found.append(HandBack(task_ids, settings.visibility_s, partial(self._restore, here, settings)))
        return found

    def _restorers(self, alive: Iterable[str]) -> dict[Place, Settings]:
        told = (self._settings[component] for component in alive if component in self._settings)
        return {Place(self.server.name, s.database, (s.prefix + s.unacked_key).encode()): s for s in told}

    def _restore(self, messages: Sequence[Unacked], settings: Settings) -> None:
        with reaching(), self.celery(settings).connection_for_write() as connection, connection.channel() as channel:
            for message in messages:
                channel.qos.restore_by_tag(message.tag.decode())


def _holds_a_task(value: Any) -> bool:
    """Whether a value from a list or hash in Redis is a task's message of kombu's, and not, for example, a reply to a
    remote control command.
    """
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, bytes) and bool(_headers(each).get("task")) for each in values)


def _headers(stored: bytes) -> dict[str, Any]:
    """The headers of a message, alone or with its exchange and routing key beside it; {} if none can be read."""
    try:
        message = json.loads(stored)
        message = message[0] if isinstance(message, list) else message
        return dict(message.get("headers") or {})
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return {}


def _eta(headers: Mapping[str, Any]) -> datetime | None:
    eta = headers.get("eta")
    if not isinstance(eta, str):
        return None
    try:
        at = datetime.fromisoformat(eta)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
