"""What kombu keeps in the broker's Redis: the queues, and the messages that are not acknowledged; wherever in it they are.

Where they are is learned from three sources together: what the workers say of their transport, what passes the links, and Redis
itself. The description's `queues` add to that and are not trusted to be all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

import redis.asyncio
from celery import Celery
from redis.exceptions import RedisError, ResponseError

from stormproof.brokers.redis.server import RedisServer
from stormproof.frameworks.celery.on_redis.deliveries import Deliveries, Hold, Place
from stormproof.history import Sample, Settings

_TIMEOUTS = {"socket_timeout": 3, "socket_connect_timeout": 3}
_SCAN_COUNT = 1000


class Unacked(NamedTuple):
    """A message that is recorded as unacknowledged. `eta`: when it is due, where it is not to run at once."""

    place: Place
    tag: bytes
    task_id: str
    eta: datetime | None
    hold: Hold


class Broker:
    """`queues`: those that the description names. `settings`: what each worker said of itself when it became ready last. `workers`: the
    names of all copies of workers.
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
        """How the system's messages are kept, by the word of a worker; as kombu does unless it is told otherwise, where none has said."""
        return next(iter(self._settings.values()), Settings(t=0, component="", pid=0, queues=self._queues))

    def celery(self, settings: Settings | None = None) -> Celery:
        """A bare Celery client that keeps messages as a worker of these settings does."""
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
        """A client, and the list in its database from which a worker takes what is most urgent in that queue."""
        return self.server.at(self.settings.database), self.settings.prefix + self.queue

    async def depth(self) -> tuple[int, int]:
        """Messages queued where workers read, and messages unacknowledged. Raises RedisError or OSError while Redis does not answer."""
        return await self._count(self.read_lists, "LLEN"), await self._count(self.hashes, "HLEN")

    async def astray(self) -> int:
        """Messages in lists that no worker of the system reads: another system may, or nobody. Raises what `depth` raises."""
        return await self._count(self.lists - self.read_lists, "LLEN")

    async def unread(self) -> list[Place]:
        """Lists in which messages wait, and that no link has seen a worker read; the description's queues may be among them. Raises what
        `depth` raises.
        """
        await self.discover()
        return [place for place in sorted(self.lists - self._read()) if await self._count([place], "LLEN")]

    @property
    def lists(self) -> set[Place]:
        """Where messages wait, as far as is known."""
        passing = {place for place in self._passing() if place.store == self.server.name}
        return self._found_lists | passing | self._described()

    @property
    def read_lists(self) -> set[Place]:
        """Those of them that workers read, by what passed the links, by their own word, or by the description."""
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
        """Where unacknowledged messages are recorded, as far as is known."""
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
                    raise found  # A key of another type holds no messages; anything else must not count as none.
        return total

    async def discover(self) -> bool:
        """Look through all of Redis for messages in places that are not known yet; whether there were any. Raises what `depth` raises."""
        known = len(self.lists), len(self.hashes)
        for database in await self.server.databases():
            client = self.server.at(database)
            self._found_lists |= await self._search(
                client, database, "list", self.lists, lambda key: ("LINDEX", key, 0)
            )
            self._found_hashes |= await self._search(client, database, "hash", self.hashes, lambda key: ("HVALS", key))
        return (len(self.lists), len(self.hashes)) != known

    async def _search(
        self,
        client: redis.asyncio.Redis,
        database: int,
        kind: str,
        known: set[Place],
        first: Callable[[bytes], tuple[Any, ...]],
    ) -> set[Place]:
        """The keys of this type in which there is a task's message."""
        keys = [key async for key in client.scan_iter(_type=kind, count=_SCAN_COUNT)]
        places = [place for key in keys if (place := Place(self.server.name, database, bytes(key))) not in known]
        if (
            kind == "hash"
        ):  # An application's own may be of any size; kombu's has a name that ends like its default, or was told.
            places = [place for place in places if place.key.endswith(b"unacked")]
        pipe = client.pipeline(transaction=False)
        for place in places:
            pipe.execute_command(*first(place.key))
        found = await pipe.execute(raise_on_error=False) if places else []
        return {place for place, value in zip(places, found, strict=True) if _holds_a_task(value)}

    async def unacked(self) -> list[Unacked]:
        """Each unacknowledged message, and who has it. Raises what `depth` raises."""
        found = []
        for place in sorted(self.hashes):
            client = self.server.at(place.database)
            tags = cast("list[bytes]", await client.hkeys(place.key))
            for tag in tags:
                if (place, tag) not in self._messages:  # It may be large, and is looked at many times.
                    stored = cast("bytes | None", await client.hget(place.key, tag))
                    headers = _headers(stored or b"")
                    task_id = str(headers.get("id") or tag.decode("utf-8", "replace"))
                    self._messages[place, tag] = task_id, _eta(headers)
                task_id, eta = self._messages[place, tag]
                found.append(Unacked(place, tag, task_id, eta, self.deliveries.holds(place, tag, task_id)))
        return found

    def unseen(self, alive: Iterable[str]) -> str:
        """What was seen of messages and is not looked at, in one sentence with the mend; "" where all of it is. `alive`: the workers."""
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

    def restorers(self, alive: Iterable[str]) -> dict[Place, Settings]:
        """Where the live workers would hand abandoned messages back, each with the settings by which one would."""
        told = (self._settings[component] for component in alive if component in self._settings)
        return {Place(self.server.name, s.database, (s.prefix + s.unacked_key).encode()): s for s in told}

    def restore(self, messages: Sequence[Unacked], settings: Settings) -> None:
        """Hand messages back to their queues as a worker of these settings does when the visibility timeout is over. It blocks."""
        with self.celery(settings).connection_for_write() as connection, connection.channel() as channel:
            for message in messages:
                channel.qos.restore_by_tag(message.tag.decode())


def _holds_a_task(value: Any) -> bool:
    """Whether what Redis gave of a list or hash is a task's message of kombu's: not a reply to a remote control command, say."""
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, bytes) and bool(_headers(each).get("task")) for each in values)


def _headers(stored: bytes) -> dict[str, Any]:
    """The headers of a message, alone or with its exchange and routing key beside it; {} where there are none that can be read."""
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


async def sample(server: RedisServer, broker: Broker | None, t: float) -> Sample:
    """What one server says of itself now; `up=False` where it does not answer within half a second."""
    try:
        info = await server.client.info()
        queued, unacked = await broker.depth() if broker else (0, 0)
    except (RedisError, OSError, TimeoutError):
        return Sample(t=t, store=server.name, up=False)
    spaces = [value for name, value in info.items() if name.startswith("db") and isinstance(value, dict)]
    return Sample(
        t=t,
        store=server.name,
        up=not info.get("loading"),
        queued=queued,
        unacked=unacked,
        connections=int(info["connected_clients"]),
        memory_bytes=int(info["used_memory"]),
        keys=sum(int(space["keys"]) - int(space["expires"]) for space in spaces),
        all_keys=sum(int(space["keys"]) for space in spaces),
        evicted=int(info["evicted_keys"]),
    )
