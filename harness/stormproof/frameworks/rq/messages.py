"""Where RQ's jobs are in Redis, who has them in hand, and how those are handed back that nobody has.

A job is a hash. Its id waits in the queue's list; a worker moves it to the queue's intermediate list, then into the registry of started jobs
(`wip`), and takes it from there when the job has ended. A job that is to run later stands in the registry of scheduled jobs. Nothing of RQ is
imported here: what RQ does, it does itself, in the interpreter of the worker.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import time
import uuid
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import redis.asyncio
from redis.exceptions import ResponseError

from stormproof.frameworks.rq.handed import Handed, Hold, QueueAt, Workers
from stormproof.history import Settings

PREFIX = "rq"
_SCAN_COUNT = 1000
_RESTORE_S = 20.0
_MAINTAIN = Path(__file__).with_name("maintain.py")


class Server(Protocol):
    """The Redis: its name in the description, a client for each of its databases, and where it is."""

    name: str

    def at(self, database: int) -> redis.asyncio.Redis:
        """A client of that database."""
        ...

    def url_of(self, database: int) -> str:
        """The address of that database, for a client of the harness."""
        ...

    async def databases(self) -> list[int]:
        """Those that hold anything."""
        ...


class Held(NamedTuple):
    """A job that has left its queue's list, and has no end yet. `entry`: how the registry has it, or its id. `eta`: when it is due, where it is not
    to run at once.
    """

    queue: QueueAt
    entry: bytes
    task_id: str
    eta: datetime | None
    hold: Hold


class Messages:
    """`queues`: those that the description names. `settings`: what each worker said of itself when it became ready last. `components`: the names
    of all copies of workers. `python`: the interpreter of a worker, with which its RQ is called; `env` and `cwd` are that worker's.
    """

    def __init__(
        self,
        server: Server,
        queues: tuple[str, ...],
        workers: Workers,
        settings: Mapping[str, Settings],
        components: Collection[str],
        python: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.server, self.handed = server, Handed(workers, server.name)
        self._described, self._settings, self._components, self._workers = queues, settings, components, workers
        self._python, self._env, self._cwd = python, {**os.environ, **(env or {})}, cwd
        self._found: set[QueueAt] = set()

    @property
    def settings(self) -> Settings:
        """How the system's jobs are kept, by the word of a worker; as RQ does unless it is told otherwise, where none has said."""
        default = Settings(t=0, component="", pid=0, prefix=PREFIX, queues=self._described)
        return next(iter(self._settings.values()), default)

    @property
    def queue(self) -> QueueAt:
        """A queue that a worker reads."""
        settings = self.settings
        return QueueAt(settings.database, settings.prefix, next(iter(settings.queues), "default"))

    @property
    def read_queues(self) -> set[QueueAt]:
        """Those that workers read, by what passed the links, by their own word, or by the description."""
        told = {queue for each in self._settings.values() or [self.settings] for queue in _queues_of(each)}
        settings = self.settings
        named = {QueueAt(settings.database, settings.prefix, name) for name in self._described}
        return told | named | self.handed.read_by(self._components)

    @property
    def queues(self) -> set[QueueAt]:
        """All that are known."""
        return self.read_queues | self.handed.published | self._found

    async def depth(self) -> tuple[int, int]:
        """Jobs queued where workers read, and jobs that have left their queue and have no end. Raises RedisError or OSError while Redis does not
        answer.
        """
        queued = await self._ask(self.read_queues, lambda queue: [("LLEN", queue.key)])
        return sum(answer for _, [answer] in queued if isinstance(answer, int)), len(await self._taken())

    async def astray(self) -> int:
        """Jobs in queues that no worker of the system reads. Raises what `depth` raises."""
        found = await self._ask(self.queues - self.read_queues, lambda queue: [("LLEN", queue.key)])
        return sum(answer for _, [answer] in found if isinstance(answer, int))

    async def unread(self) -> list[QueueAt]:
        """Queues in which jobs wait, and that no link has seen a worker read. Raises what `depth` raises."""
        await self.discover()
        found = await self._ask(
            self.queues - self.handed.read_by(self._components), lambda queue: [("LLEN", queue.key)]
        )
        return [queue for queue, [answer] in found if answer]

    async def unacked(self) -> list[Held]:
        """Each job that has left its queue and has no end, and who has it. Raises what `depth` raises."""
        return [
            held if held.hold is not Hold.UNSEEN else held._replace(hold=await self._hold_by_redis(held))
            for held in await self._taken()
        ]

    async def discover(self) -> bool:
        """Look through all of Redis for queues that are not known yet; whether there were any. Raises what `depth` raises."""
        known = len(self.queues)
        for database in await self.server.databases():
            client = self.server.at(database)
            lists = [key async for key in client.scan_iter(match="*:queue:*", _type="list", count=_SCAN_COUNT)]
            begun = [key async for key in client.scan_iter(match="*:wip:*", _type="zset", count=_SCAN_COUNT)]
            scheduled = [key async for key in client.scan_iter(match="*:scheduled:*", _type="zset", count=_SCAN_COUNT)]
            for key in (*lists, *(_as_list(key) for key in (*begun, *scheduled))):
                queue = QueueAt.of_key(database, bytes(key))
                if queue is not None and await client.sismember(f"{queue.prefix}:queues", queue.key):
                    self._found.add(queue)
        return len(self.queues) != known

    def unseen(self, alive: Iterable[str]) -> str:
        """What was seen of jobs and is not looked at, in one sentence with the mend; "" where all of it is. `alive`: the workers."""
        for component in alive:
            if not self.handed.reads.get(component):
                return (
                    f"no link has seen {component} ask for a job; have its Redis' address come from "
                    f"{{redis.{self.server.name}.url}}"
                )
        return ""

    def restorers(self, alive: Iterable[str]) -> dict[QueueAt, Settings]:
        """The queues whose abandoned jobs some live worker would take care of, each with that worker's settings: maintenance is by queue."""
        told = [self._settings[component] for component in alive if component in self._settings]
        return {queue: settings for settings in told for queue in _queues_of(settings)}

    def restore(self, jobs: Sequence[Held], settings: Settings) -> None:
        """Have RQ do with abandoned jobs what it does when enough time has passed: fail them, or queue those again that have retries left. It
        blocks. Raises OSError where RQ could not be called, or Redis did not answer.
        """
        for database, prefix in sorted({(held.queue.database, held.queue.prefix) for held in jobs}):
            queues: dict[str, dict[str, list[str]]] = {}
            for held in jobs:
                if (held.queue.database, held.queue.prefix) == (database, prefix):
                    entries = queues.setdefault(held.queue.name, {"wip": [], "intermediate": []})
                    entries["intermediate"].append(held.task_id)  # It may stand in both.
                    if b":" in held.entry:
                        entries["wip"].append(held.entry.decode())
            told = {"url": self.server.url_of(database), "prefix": prefix, "queues": queues}
            self._maintain({**told, "serializer": _serializer(settings)})

    def _maintain(self, told: Mapping[str, Any]) -> None:
        command = [self._python, str(_MAINTAIN)]
        try:
            said = subprocess.run(
                command,
                input=json.dumps(told).encode(),
                capture_output=True,
                timeout=_RESTORE_S,
                check=False,
                env=self._env,
                cwd=self._cwd,
            )
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"RQ's maintenance did not end within {_RESTORE_S:g} s") from error
        if said.returncode:
            last = said.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise OSError(f"RQ's maintenance failed: {last}")

    async def publish(self, job: str, key: str, arguments: Mapping[str, Any], *, timeout_s: int) -> str:
        """Submit a job of the harness's own, that leaves no key behind when it has ended; returns its id. Raises what `depth` raises."""
        queue, job_id = self.queue, str(uuid.uuid4())
        fields = job_fields(job, key, arguments, queue.name, self.settings.serializer, timeout_s=timeout_s)
        pipe = self.server.at(queue.database).pipeline()
        pipe.sadd(f"{queue.prefix}:queues", queue.key)
        pipe.hset(f"{queue.prefix}:job:{job_id}", mapping=cast("Any", fields))
        pipe.rpush(queue.key, job_id)
        await pipe.execute()
        return job_id

    async def _taken(self) -> list[Held]:
        """Each such job once: by its registry if it is in one, else by the intermediate list."""
        found: list[Held] = []
        for queue, answers in await self._ask(self.queues, _where_taken):
            begun, waiting, scheduled = (answer if isinstance(answer, list) else [] for answer in answers)
            taken = {_job_of(entry): entry for entry in (*waiting, *begun)}
            found += [Held(queue, entry, job_id, None, self.handed.holds(job_id)) for job_id, entry in taken.items()]
            for entry, due in scheduled:
                eta = datetime.fromtimestamp(float(due), UTC)
                found.append(Held(queue, entry, entry.decode(), eta, Hold.UNSEEN))
        return sorted(found, key=lambda held: (held.queue, held.entry))

    async def _hold_by_redis(self, held: Held) -> Hold:
        """The same by what RQ has noted of the worker, or of the scheduler, that has it: whether its process runs."""
        client, prefix = cast("Any", self.server.at(held.queue.database)), held.queue.prefix
        if held.eta is not None:
            by = await client.get(f"{prefix}:scheduler-lock:{held.queue.name}")
            pid = await client.hget(f"{prefix}:scheduler:{(by or b'').decode()}", "pid")
            return Hold.HELD if pid and self._workers.lives(int(pid)) else Hold.GONE
        by = await client.hget(f"{prefix}:execution:{held.entry.decode()}", "worker_name")
        pid = await client.hget(f"{prefix}:worker:{(by or b'').decode()}", "pid")
        if not pid:
            return Hold.UNSEEN
        return Hold.HELD if self._workers.lives(int(pid)) else Hold.GONE

    async def _ask(
        self, queues: Collection[QueueAt], questions: Callable[[QueueAt], list[tuple[Any, ...]]]
    ) -> list[tuple[QueueAt, list[Any]]]:
        """Each queue with the answers to its questions. A key of another type holds no jobs; anything else that goes wrong is raised."""
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


def job_fields(
    job: str, key: str, arguments: Mapping[str, Any], queue: str, serializer: str, *, timeout_s: int
) -> dict[str, Any]:
    """The hash of a job as RQ writes it, for a call by keyword. Its description shows `key`, as one does that RQ has made from the arguments."""
    call = (job, None, (), dict(arguments))
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    data = json.dumps(call).encode() if "json" in serializer.lower() else pickle.dumps(call)
    return {
        "created_at": now,
        "enqueued_at": now,
        "data": zlib.compress(data),
        "description": f"{job}(key={key!r})",
        "origin": queue,
        "timeout": timeout_s,
        "result_ttl": 0,
        "status": "queued",
        "worker_name": "",
    }


def waits_s(score: float, maintenance_s: float, now: float | None = None) -> float:
    """For how long at most a started job still waits until RQ takes it for abandoned. `score`: its registry's; `maintenance_s`: the longest time
    between two looks of a live worker.
    """
    return max(0.0, score - (time.time() if now is None else now)) + maintenance_s


def _where_taken(queue: QueueAt) -> list[tuple[Any, ...]]:
    return [
        ("ZRANGE", queue.registry("wip"), 0, -1),
        ("LRANGE", queue.intermediate, 0, -1),
        ("ZRANGE", queue.registry("scheduled"), 0, -1, "WITHSCORES"),
    ]


def _queues_of(settings: Settings) -> list[QueueAt]:
    return [QueueAt(settings.database, settings.prefix or PREFIX, name) for name in settings.queues]


def _job_of(entry: bytes) -> str:
    """The job's id: an entry of the registry of started jobs has that of the execution behind it."""
    return entry.decode("utf-8", "replace").partition(":")[0]


def _as_list(registry: bytes) -> bytes:
    """The key of the list of the queue to which a registry belongs."""
    for kind in (b":wip:", b":scheduled:"):
        registry = registry.replace(kind, b":queue:", 1)
    return registry


def _serializer(settings: Settings) -> str:
    return "rq.serializers.JSONSerializer" if "json" in settings.serializer.lower() else ""


def _answer(found: Any) -> Any:
    if isinstance(found, ResponseError) and str(found).startswith("WRONGTYPE"):
        return 0
    if isinstance(found, Exception):
        raise found
    return found
