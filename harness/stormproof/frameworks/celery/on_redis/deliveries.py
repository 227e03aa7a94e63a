"""Records which worker holds which message, and where tasks pass, from the deliveries that the links see.

A worker reads its lists with a blocking request (`BRPOP`), and then records the message as unacknowledged (`HSET`),
often on another connection of its pool. It holds the message until its process ends, or until the connection on which
it was delivered ends and its consumer restarts, because Celery then forgets the messages in hand. After that, only the
visibility timeout brings the message back. The end of a connection alone is not enough: a worker whose prefetch is full
reads nothing, and may lose the connection, open another one, and still know all its messages.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stormproof.brokers.redis.resp import words
from stormproof.brokers.redis.shape import BLOCKING
from stormproof.frameworks.framework import Hold, Workers
from stormproof.spec.trigger import Moment

_TAG = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_KEYS = 1000


class Place(NamedTuple):
    """One key of one database of a Redis. `store` is the Redis' name in the description."""

    store: str
    database: int
    key: bytes

    def __str__(self) -> str:
        return f"{self.key.decode('utf-8', 'replace')!r} in database {self.database} of redis.{self.store}"


class _Holder(NamedTuple):
    link: str
    component: str
    connection: int
    pid: int
    t: float


class Deliveries:
    """The deliveries of a run. `reads`: the lists that a component's copy has asked for. `published`: where messages
    were put.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._database: dict[int, int] = {}
        self._delivered_on: dict[str, int] = {}
        self._holders: dict[tuple[Place, bytes], _Holder] = {}
        self._asked: set[tuple[int, int, bytes]] = set()
        self.reads: dict[str, set[Place]] = {}
        self.published: set[Place] = set()

    def watch(self, moment: Moment, t: float) -> None:
        """Record a frame that came at `t` of the run's clock. What a fault does to it does not matter: Redis shows what
        exists.
        """
        if moment.command in BLOCKING:
            if moment.direction == "reply" and not moment.nil:
                self._delivered_on[moment.link] = moment.connection
            elif moment.direction == "request":
                self._read(moment)
        elif moment.direction != "request":
            return
        elif moment.command == "SELECT":
            asked = words(moment.raw, 2)
            if len(asked) == 2 and asked[1].isdigit():
                self._database[moment.connection] = int(asked[1])
        elif moment.meaning in ("publish", "requeue"):
            self.published.add(self._place(moment, words(moment.raw, 2)[1]))
        elif moment.meaning == "hold":
            self._record(moment, t)

    def holds(self, place: Place, tag: bytes, task_id: str) -> Hold:
        """Whether the worker that received this message of a task, whose tag is in the hash at `place`, can still have
        it in hand.
        """
        holder = self._holders.get((place, tag))
        if holder is None:
            return Hold.UNSEEN
        if not holder.pid or self._workers.main_pid(holder.component) != holder.pid:
            return Hold.GONE
        forgotten = self._workers.consuming_since(holder.component) > holder.t
        if forgotten and not self._workers.connected(holder.link, holder.connection):
            return Hold.GONE
        return Hold.DONE if self._workers.finished_since(holder.component, task_id) > holder.t else Hold.HELD

    @property
    def hashes(self) -> set[Place]:
        """Where messages were recorded as unacknowledged."""
        return {place for place, _ in self._holders}

    def _place(self, moment: Moment, key: bytes) -> Place:
        return Place(moment.store, self._database.get(moment.connection, 0), key)

    def _read(self, moment: Moment) -> None:
        seen = (moment.connection, self._database.get(moment.connection, 0), moment.raw)
        if seen in self._asked:
            return
        if len(self._asked) > _MOST_KEYS:  # kombu asks for the same lists in a different order each time.
            self._asked.clear()
        self._asked.add(seen)
        keys = words(moment.raw, _MOST_KEYS)[1:-1]
        self.reads.setdefault(moment.component, set()).update(self._place(moment, key) for key in keys)

    def _record(self, moment: Moment, t: float) -> None:
        asked = words(moment.raw, 3)
        if len(asked) == 3 and _TAG.fullmatch(asked[2]):
            connection = self._delivered_on.get(moment.link, moment.connection)
            pid = self._workers.main_pid(moment.component)
            holder = _Holder(moment.link, moment.component, connection, pid, t)
            self._holders[self._place(moment, asked[1]), asked[2]] = holder
