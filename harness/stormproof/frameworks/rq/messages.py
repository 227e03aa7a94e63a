"""Where RQ's jobs are in Redis, which worker has them in hand, and how abandoned ones are handed back.

A job is a hash. Its id waits in the queue's list. A worker moves it to the queue's intermediate list, then into the
registry of started jobs (`wip`), and removes it from there when the job has ended. A job that is to run later is in the
registry of scheduled jobs. This module does not import RQ: RQ itself runs in the worker's interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import redis.asyncio
from redis import Redis
from redis.exceptions import ResponseError

from stormproof.brokers.redis.server import reaching
from stormproof.errors import ComponentError, UnreachableError
from stormproof.frameworks.framework import HandBack, Hold, Unacked, Workers
from stormproof.frameworks.rq.handed import Handed, QueueAt
from stormproof.frameworks.rq.jobs import is_json
from stormproof.frameworks.rq.meanings import RqReader
from stormproof.history import Settings
from stormproof.processes.launcher import is_running
from stormproof.spec.trigger import Moment

PREFIX = "rq"
_SCAN_COUNT = 1000
_MAINTAIN_S = 20.0
_TIMEOUTS: dict[str, Any] = {"socket_timeout": 3, "socket_connect_timeout": 3}
_MAINTAIN = Path(__file__).with_name("maintain.py")


class Server(Protocol):
    """The Redis: its name in the description, a client for each of its databases, and its address."""

    name: str

    def at(self, database: int) -> redis.asyncio.Redis:
        """A client for that database."""
        ...

    def url_of(self, database: int) -> str:
        """The address of that database, for a client of the harness."""
        ...

    async def databases(self) -> list[int]:
        """Those that hold anything."""
        ...


class RqMessages:
    """The jobs of the system in Redis.

    `queues`: those that the description names. `settings`: what each worker reported when it last became ready.
    `components`: the names of all copies of workers. `python`, `env` and `cwd` are those of a worker; its own RQ is
    called with them.
    """

    def __init__(
        self,
        server: Server,
        queues: tuple[str, ...],
        workers: Workers,
        settings: Mapping[str, Settings],
        components: Collection[str],
        python: str = sys.executable,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        lives: Callable[[int], bool] = is_running,
    ) -> None:
        self.server, self.handed = server, Handed(workers, server.name)
        self._described, self._settings, self._components, self._lives = queues, settings, components, lives
        self._python, self._env, self._cwd = python, {**os.environ, **(env or {})}, cwd
        self._found: set[QueueAt] = set()

    @property
    def settings(self) -> Settings:
        """How the system's jobs are kept, as a worker reported it; RQ's defaults if none has."""
        default = Settings(
            t=0, component="", pid=0, prefix=PREFIX, queues=self._described, serializer="DefaultSerializer"
        )
        return next(iter(self._settings.values()), default)

    @property
    def queue(self) -> QueueAt:
        """A queue that a worker reads."""
        settings = self.settings
        return QueueAt(settings.database, settings.prefix, next(iter(settings.queues), "default"))

    @property
    def read_queues(self) -> set[QueueAt]:
        """Those that workers read, according to the links, their own reports, or the description."""
        told = {queue for each in self._settings.values() or [self.settings] for queue in _queues_of(each)}
        settings = self.settings
        named = {QueueAt(settings.database, settings.prefix, name) for name in self._described}
        return told | named | self.handed.read_by(self._components)

    @property
    def queues(self) -> set[QueueAt]:
        """All known queues."""
        return self.read_queues | self.handed.published | self._found

    def reader(self) -> RqReader:
        """A reader for the frames of one connection."""
        return RqReader()

    def watch(self, moment: Moment, t: float) -> None:
        """Record which worker receives which job."""
        self.handed.watch(moment, t)

    async def depth(self) -> tuple[int, int]:
        """Jobs queued where workers read, and jobs that have left their queue and not ended. Raises UnreachableError if
        Redis does not answer.
        """
        queued = await self._ask(self.read_queues, lambda queue: [("LLEN", queue.key)])
        return sum(answer for _, [answer] in queued if isinstance(answer, int)), len(await self._taken())

    async def astray(self) -> int:
        """Jobs in queues that no worker of the system reads. Raises the same errors as `depth`."""
        found = await self._ask(self.queues - self.read_queues, lambda queue: [("LLEN", queue.key)])
        return sum(answer for _, [answer] in found if isinstance(answer, int))

    async def unread(self) -> list[QueueAt]:
        """Queues with waiting jobs that no link has seen a worker read. Raises the same errors as `depth`."""
        await self.discover()
        found = await self._ask(
            self.queues - self.handed.read_by(self._components), lambda queue: [("LLEN", queue.key)]
        )
        return [queue for queue, [answer] in found if answer]

    async def unacked(self) -> list[Unacked]:
        """Each job that has left its queue and not ended, and its holder. Raises the same errors as `depth`."""
        with reaching():
            return [
                held if held.hold is not Hold.UNSEEN else held._replace(hold=await self._hold_by_redis(held))
                for held in await self._taken()
            ]

    async def discover(self) -> bool:
        """Search all of Redis for queues that are not known yet; return whether there were any. Raises the same errors
        as `depth`.
        """
        known = len(self.queues)
        with reaching():
            await self._look_everywhere()
        return len(self.queues) != known

    async def _look_everywhere(self) -> None:
        for database in await self.server.databases():
            client = self.server.at(database)
            lists = [key async for key in client.scan_iter(match="*:queue:*", _type="list", count=_SCAN_COUNT)]
            begun = [key async for key in client.scan_iter(match="*:wip:*", _type="zset", count=_SCAN_COUNT)]
            scheduled = [key async for key in client.scan_iter(match="*:scheduled:*", _type="zset", count=_SCAN_COUNT)]
            for key in (*lists, *(_as_list(key) for key in (*begun, *scheduled))):
                queue = QueueAt.of_key(database, bytes(key))
                if queue is not None and await client.sismember(f"{queue.prefix}:queues", queue.key):
                    self._found.add(queue)

    def unseen(self, alive: Iterable[str]) -> str:
        """The jobs that were seen but are not observed, in one sentence with the fix; "" if there are none. `alive`:
        the workers.
        """
        for component in alive:
            if not self.handed.reads.get(component):
                return (
                    f"no link has seen {component} ask for a job; have its Redis' address come from "
                    f"{{redis.{self.server.name}.url}}"
                )
        return ""

    def returns(self, message: Unacked, alive: Iterable[str]) -> bool:
        """Whether a live worker reads the job's queue, and so would handle it once it is abandoned: maintenance is per
        queue. Only a scheduler handles a scheduled job.
        """
        return message.eta is None and message.place in self._maintained(alive)

    def hand_back(self, messages: Sequence[Unacked], alive: Iterable[str]) -> list[HandBack]:
        """Have RQ handle abandoned jobs as it does after enough time: fail them, or queue those again that have retries
        left.
        """
        found = []
        for place, settings in self._maintained(alive).items():
            here = [message for message in messages if message.place == place and message.eta is None]
            if here:
                task_ids = tuple(message.task_id for message in here)
                found.append(HandBack(task_ids, settings.visibility_s, partial(self._maintain, place, here, settings)))
        return found

    def _maintained(self, alive: Iterable[str]) -> dict[QueueAt, Settings]:
        told = [self._settings[component] for component in alive if component in self._settings]
        return {queue: settings for settings in told for queue in _queues_of(settings)}

    def _maintain(self, queue: QueueAt, jobs: Sequence[Unacked], settings: Settings) -> None:
        entries = {
            "wip": [job.tag.decode() for job in jobs if b":" in job.tag],
            "intermediate": [job.task_id for job in jobs],  # An id may be in both.
        }
        told = {
            "url": self.server.url_of(queue.database),
            "prefix": queue.prefix,
            "serializer": "rq.serializers.JSONSerializer" if is_json(settings.serializer) else "",
            "queues": {queue.name: entries},
        }
        try:
            said = subprocess.run(
                [self._python, str(_MAINTAIN)],
                input=json.dumps(told).encode(),
                capture_output=True,
                timeout=_MAINTAIN_S,
                check=False,
                env=self._env,
                cwd=self._cwd,
            )
        except subprocess.TimeoutExpired as error:
            raise UnreachableError(f"RQ's maintenance did not end within {_MAINTAIN_S:g} s") from error
        if said.returncode:
            last = said.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            if last.startswith("redis.exceptions."):
                raise UnreachableError(f"RQ's maintenance did not reach Redis: {last}")
            raise ComponentError(f"RQ's maintenance cannot be called with {self._python}: {last}")

    def put(self, job_id: str, fields: Mapping[str, Any]) -> None:
        """Put a job into a queue that a worker reads; without fields, its id alone. It blocks. Raises the same errors
        as `depth`.
        """
        queue = self.queue
        with reaching(), Redis.from_url(self.server.url_of(queue.database), **_TIMEOUTS) as client:
            pipe = client.pipeline()
            pipe.sadd(f"{queue.prefix}:queues", queue.key)
            if fields:
                pipe.hset(f"{queue.prefix}:job:{job_id}", mapping=dict(fields))
            pipe.rpush(queue.key, job_id)
            pipe.execute()

    async def waits(self, job_id: str) -> bool:
        """Whether that id is in the list of that queue. Raises the same errors as `depth`."""
        queue = self.queue
        with reaching():
            return await cast("Any", self.server.at(queue.database).lpos(queue.key, job_id)) is not None

    async def _taken(self) -> list[Unacked]:
        """Each such job once: by its registry if it is in one, else by the intermediate list."""
        found: list[Unacked] = []
        for queue, answers in await self._ask(self.queues, _where_taken):
            begun, waiting, scheduled = (answer if isinstance(answer, list) else [] for answer in answers)
            taken = {_job_of(entry): entry for entry in (*waiting, *begun)}
            found += [Unacked(queue, entry, job_id, None, self.handed.holds(job_id)) for job_id, entry in taken.items()]
            for entry, due in scheduled:
                eta = datetime.fromtimestamp(float(due), UTC)
                found.append(Unacked(queue, entry, entry.decode(), eta, Hold.UNSEEN))
        return sorted(found, key=lambda held: (held.place, held.tag))

    async def _hold_by_redis(self, held: Unacked) -> Hold:
        """The same by what RQ has recorded of the worker, or of the scheduler, that has it: whether its process is
        running.
        """
        client, prefix = cast("Any", self.server.at(held.place.database)), held.place.prefix
        if held.eta is not None:
            by = await client.get(f"{prefix}:scheduler-lock:{held.place.name}")
            pid = await client.hget(f"{prefix}:scheduler:{(by or b'').decode()}", "pid")
            return Hold.HELD if pid and self._lives(int(pid)) else Hold.GONE
        by = await client.hget(f"{prefix}:execution:{held.tag.decode()}", "worker_name")
        pid = await client.hget(f"{prefix}:worker:{(by or b'').decode()}", "pid")
        if not pid:
            return Hold.UNSEEN
        return Hold.HELD if self._lives(int(pid)) else Hold.GONE

    async def _ask(
        self, queues: Collection[QueueAt], questions: Callable[[QueueAt], list[tuple[Any, ...]]]
    ) -> list[tuple[QueueAt, list[Any]]]:
        """Each queue with the answers to its requests. A key of another type holds no jobs; any other error is raised."""
        with reaching():
            return await self._answers(queues, questions)

    async def _answers(
        self, queues: Collection[QueueAt], questions: Callable[[QueueAt], list[tuple[Any, ...]]]
    ) -> list[tuple[QueueAt, list[Any]]]:
        found: list[tuple[QueueAt, list[Any]]] = []
        for database in sorted({queue.database for queue in queues}):
            there = sorted(queue for queue in queues if queue.database == database)
            pipe = self.server.at(database).pipeline(transaction=False)
            for queue in there:
                for question in questions(queue):
                    pipe.execute_command(*question)
            answers = iter(await pipe.execute(raise_on_error=False))
            for queue in there:
                found.append((queue, [_answer(next(answers)) for _ in questions(queue)]))
        return found


def _where_taken(queue: QueueAt) -> list[tuple[Any, ...]]:
    return [
        ("ZRANGE", queue.registry("wip"), 0, -1),
        ("LRANGE", queue.intermediate, 0, -1),
        ("ZRANGE", queue.registry("scheduled"), 0, -1, "WITHSCORES"),
    ]


def _queues_of(settings: Settings) -> list[QueueAt]:
    return [QueueAt(settings.database, settings.prefix or PREFIX, name) for name in settings.queues]


def _job_of(entry: bytes) -> str:
    """The job's id: an entry of the registry of started jobs appends that of the execution."""
    return entry.decode("utf-8", "replace").partition(":")[0]


def _as_list(registry: bytes) -> bytes:
    """The key of the list of the queue to which a registry belongs."""
    for kind in (b":wip:", b":scheduled:"):
        registry = registry.replace(kind, b":queue:", 1)
    return registry


def _answer(found: Any) -> Any:
    if isinstance(found, ResponseError) and str(found).startswith("WRONGTYPE"):
        return 0
    if isinstance(found, Exception):
        raise found
    return found
