"""Which worker received which RQ job, as the links see it.

An RQ worker works sequentially: it asks for a job, has it executed, and asks again. So it holds the job that it
received last, until it asks again or its process ends. That includes a lost connection: the client itself asks again,
and the job in the lost reply stays in the intermediate queue.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from stormproof.brokers.redis.resp import words
from stormproof.frameworks.framework import Hold, Workers
from stormproof.frameworks.rq.meanings import ASKS
from stormproof.spec.trigger import Moment

INTERMEDIATE = ":intermediate"
_MOST_KEYS = 100
_queue_in = re.compile(r"(?P<prefix>[\w.:{}-]+?):queue:(?P<name>.+)").fullmatch


class QueueAt(NamedTuple):
    """One queue of one database. `prefix` is that of all of RQ's keys there."""

    database: int
    prefix: str
    name: str

    @property
    def key(self) -> str:
        """The list in which its jobs' ids wait."""
        return f"{self.prefix}:queue:{self.name}"

    @property
    def intermediate(self) -> str:
        """The list that holds an id from when a worker has taken it until the job begins."""
        return self.key + INTERMEDIATE

    def registry(self, kind: str) -> str:
        """The sorted set of its jobs in that state: `wip`, `scheduled`, `deferred`, `finished`, `failed`, `canceled`."""
        return f"{self.prefix}:{kind}:{self.name}"

    @classmethod
    def of_key(cls, database: int, key: bytes) -> QueueAt | None:
        """The queue whose list or intermediate list that is; None for any other key."""
        found = _queue_in(key.decode("utf-8", "replace").removesuffix(INTERMEDIATE))
        return cls(database, found["prefix"], found["name"]) if found else None


class _Holder(NamedTuple):
    component: str
    pid: int
    t: float


class Handed:
    """The deliveries of a run. `reads`: the queues that a component's copy has asked for. `published`: those into which
    jobs were put.
    """

    def __init__(self, workers: Workers, store: str) -> None:
        self._workers, self._store = workers, store
        self._database: dict[int, int] = {}
        self._holders: dict[str, _Holder] = {}
        self._asked: dict[str, float] = {}
        self.reads: dict[str, set[QueueAt]] = {}
        self.published: set[QueueAt] = set()

    def watch(self, frame: Moment, t: float) -> None:
        """Record a frame that came at `t` of the run's clock. What a fault does to it does not matter: Redis shows what
        exists.
        """
        if frame.store != self._store:
            return
        if frame.command in ASKS:
            if frame.direction == "request":
                self._asks(frame, t)
            elif frame.direction == "reply" and not frame.nil and (found := words(frame.raw)):
                pid = self._workers.main_pid(frame.component)
                self._holders[found[-1].decode("utf-8", "replace")] = _Holder(frame.component, pid, t)
        elif frame.direction != "request":
            return
        elif frame.command == "SELECT":
            asked = words(frame.raw, 2)
            if len(asked) == 2 and asked[1].isdigit():
                self._database[frame.connection] = int(asked[1])
        elif frame.command in ("RPUSH", "LPUSH"):
            self.published.update(self._queues(frame, words(frame.raw, 2)[1:]))

    def holds(self, job_id: str) -> Hold:
        """Whether the worker that received this job last can still have it in hand."""
        holder = self._holders.get(job_id)
        if holder is None:
            return Hold.UNSEEN
        gone = not holder.pid or self._workers.main_pid(holder.component) != holder.pid
        if gone or self._asked.get(holder.component, holder.t) > holder.t:
            return Hold.GONE
        return Hold.DONE if self._workers.finished_since(holder.component, job_id) > holder.t else Hold.HELD

    def read_by(self, components: Collection[str]) -> set[QueueAt]:
        """The queues that these workers have been seen to ask for."""
        return set().union(*(queues for component, queues in self.reads.items() if component in components))

    def _asks(self, frame: Moment, t: float) -> None:
        queues = self._queues(frame, words(frame.raw, _MOST_KEYS)[1:])
        if queues:
            self._asked[frame.component] = t
            self.reads.setdefault(frame.component, set()).update(queues)

    def _queues(self, frame: Moment, keys: list[bytes]) -> set[QueueAt]:
        database = self._database.get(frame.connection, 0)
        return {queue for key in keys if (queue := QueueAt.of_key(database, key)) is not None}
