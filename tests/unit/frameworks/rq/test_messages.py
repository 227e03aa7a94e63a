"""Where RQ's jobs are and who has them, as RQ itself writes it into a real Redis; and what becomes of them when nobody has them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import redis.asyncio
from redis import Redis
from redis.exceptions import ResponseError
from rq import Queue, Retry, SimpleWorker, Worker
from rq.job import Job
from rq.timeouts import TimerDeathPenalty
from stormproof.frameworks.rq.handed import Hold, QueueAt
from stormproof.frameworks.rq.messages import Held, Messages, waits_s
from stormproof.history import Settings
from stormproof.spec.trigger import Moment
from stormproof.wire.resp import request

T = TypeVar("T")
DEFAULT = QueueAt(0, "rq", "default")
TOLD = Settings(t=0, component="worker", pid=11, prefix="rq", queues=("default",), serializer="DefaultSerializer")


class Server:
    """A real Redis, asked by clients that live as long as one question."""

    name = "broker"

    def __init__(self, port: int) -> None:
        self.port = port
        self._clients: dict[int, redis.asyncio.Redis] = {}

    def at(self, database: int) -> redis.asyncio.Redis:
        if database not in self._clients:
            self._clients[database] = redis.asyncio.Redis(port=self.port, db=database)
        return self._clients[database]

    def url_of(self, database: int) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    async def databases(self) -> list[int]:
        return [int(name.removeprefix("db")) for name in await self.at(0).info("keyspace")]

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


class Workers:
    """One worker that runs as process 11; processes of this machine are those in `alive`."""

    def __init__(self) -> None:
        self.pid, self.alive = 11, {11, os.getpid()}
        self.finished: dict[str, float] = {}

    def main_pid(self, component: str) -> int:
        return self.pid

    def finished_since(self, component: str, task_id: str) -> float:
        return self.finished.get(task_id, float("-inf"))

    def lives(self, pid: int) -> bool:
        return pid in self.alive


class Asked:
    """The messages, and a way to ask them from a test that does not wait."""

    def __init__(self, port: int, settings: dict[str, Settings] | None = None) -> None:
        self.server, self.workers = Server(port), Workers()
        told = {"worker": TOLD} if settings is None else settings
        self.messages = Messages(self.server, ("default",), self.workers, told, ["worker"], sys.executable)

    def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        async def answer() -> T:
            try:
                return await question()
            finally:
                await self.server.close()

        return asyncio.run(answer())

    @property
    def depth(self) -> tuple[int, int]:
        return self.ask(self.messages.depth)

    @property
    def unacked(self) -> list[Held]:
        return self.ask(self.messages.unacked)


@pytest.fixture
def asked(redis_port: int, connection: Redis) -> Asked:
    return Asked(redis_port)


def delivered(asked: Asked, job_id: str, t: float) -> None:
    asked.messages.handed.watch(frame("BLMOVE", f"${len(job_id)}\r\n{job_id}\r\n".encode(), direction="reply"), t)


def frame(command: str, raw: bytes, direction: Any = "request") -> Moment:
    return Moment(
        link="worker", component="worker", store="broker", connection=1, direction=direction, command=command, key="", raw=raw
    )  # fmt: skip


def taken(queue: Queue) -> tuple[Worker, Job]:
    """A job that a worker has taken from its queue, and of which it has noted nothing yet."""
    worker = Worker([queue], connection=queue.connection)
    found = Queue.dequeue_any([queue], timeout=None, connection=queue.connection)
    assert found is not None
    return worker, found[0]


def begun(queue: Queue) -> tuple[Worker, Job]:
    """A job in mid-execution, as its worker leaves it when it is killed."""
    worker, job = taken(queue)
    worker.register_birth()
    worker.prepare_execution(job)
    worker.prepare_job_execution(job, remove_from_intermediate_queue=True)
    return worker, job


def test_a_job_is_queued_then_held_once_and_then_nowhere(asked: Asked, connection: Redis) -> None:
    queue = Queue(connection=connection)
    assert asked.depth == (0, 0)
    queue.enqueue("math.sqrt", 4)
    assert asked.depth == (1, 0)
    worker, job = taken(queue)
    assert asked.depth == (0, 1)
    worker.prepare_execution(job)  # It stands in the intermediate list and in the registry for a moment.
    assert asked.depth == (0, 1)
    worker.prepare_job_execution(job, remove_from_intermediate_queue=True)
    assert asked.depth == (0, 1)
    [held] = asked.unacked
    assert (held.task_id, held.queue, held.entry.startswith(job.id.encode() + b":")) == (job.id, DEFAULT, True)
    worker.death_penalty_class = TimerDeathPenalty  # The test's own alarm is left alone.
    worker.perform_job(job, queue, worker.execution)
    assert asked.depth == (0, 0)


def test_who_has_a_job_is_known_from_the_links(asked: Asked, connection: Redis) -> None:
    queue = Queue(connection=connection)
    queue.enqueue("math.sqrt", 4)
    _, job = taken(queue)
    assert [held.hold for held in asked.unacked] == [Hold.UNSEEN]
    delivered(asked, job.id, 1.0)
    assert [held.hold for held in asked.unacked] == [Hold.HELD]
    asked.workers.finished[job.id] = 2.0
    assert [held.hold for held in asked.unacked] == [Hold.DONE]
    asked.workers.pid = 12
    assert [held.hold for held in asked.unacked] == [Hold.GONE]


def test_where_no_link_has_seen_it_redis_says_which_process_has_it(asked: Asked, connection: Redis) -> None:
    queue = Queue(connection=connection)
    queue.enqueue("math.sqrt", 4)
    begun(queue)
    assert [held.hold for held in asked.unacked] == [Hold.HELD]
    asked.workers.alive.clear()
    assert [held.hold for held in asked.unacked] == [Hold.GONE]


def test_a_started_job_that_nobody_has_is_failed_by_rq_at_once(asked: Asked, connection: Redis) -> None:
    queue = Queue(connection=connection)
    queue.enqueue("math.sqrt", 4)
    queue.enqueue("math.sqrt", 9)
    _, lost = begun(queue)
    _, other = begun(queue)
    abandoned = [held for held in asked.unacked if held.task_id == lost.id]
    asked.messages.restore(abandoned, TOLD)
    assert [Job.fetch(job.id, connection=connection).get_status() for job in (lost, other)] == ["failed", "started"]
    assert "AbandonedJobError" in str(lost.latest_result().exc_string)
    assert [held.task_id for held in asked.unacked] == [other.id]
    assert len(connection.keys("rq:worker:*")) == 4  # Two workers with their executions; none is ours.


def test_a_started_job_with_retries_left_is_queued_again(asked: Asked, connection: Redis) -> None:
    queue = Queue(connection=connection)
    queue.enqueue("math.sqrt", 4, retry=Retry(max=1))
    begun(queue)
    asked.messages.restore(asked.unacked, TOLD)
    assert asked.depth == (1, 0)


@pytest.mark.parametrize("noted", [False, True])
def test_a_job_that_was_taken_and_never_began_is_failed_by_rq_at_once(
    asked: Asked, connection: Redis, noted: bool
) -> None:
    queue = Queue(connection=connection)
    for _ in range(2):
        queue.enqueue("math.sqrt", 4)
    worker, lost = taken(queue)
    _, other = taken(queue)
    if noted:
        worker.prepare_execution(lost)
    asked.messages.restore([held for held in asked.unacked if held.task_id == lost.id], TOLD)
    assert "stuck in intermediate queue" in str(lost.latest_result().exc_string)
    assert [held.task_id for held in asked.unacked] == [other.id]
    assert not connection.exists(f"rq:queue:default:intermediate:first_seen:{other.id}")
    assert (
        len(connection.keys("rq:worker:*")) == 2 * noted
    )  # The worker that took it, with its executions; none is ours.


@pytest.mark.parametrize("noted", [False, True])
def test_a_worker_of_several_queues_that_dies_before_a_job_begins_loses_it(
    asked: Asked, connection: Redis, noted: bool
) -> None:
    queues = [Queue(name, connection=connection) for name in ("high", "default")]
    queues[1].enqueue("math.sqrt", 4)
    worker = Worker(queues, connection=connection)
    found = Queue.dequeue_any(queues, timeout=1, connection=connection)
    assert found is not None
    if noted:
        worker.prepare_execution(found[0])
    assert asked.depth == (0, noted)
    asked.messages.restore(asked.unacked, TOLD)
    assert asked.depth == (0, 0)
    assert Job.fetch(found[0].id, connection=connection).get_status() == "queued"


def test_an_id_without_a_job_is_taken_out_of_the_intermediate_list(asked: Asked, connection: Redis) -> None:
    connection.rpush("rq:queue:default:intermediate", "nobody-submitted-this")
    asked.messages.restore(asked.unacked, TOLD)
    assert asked.depth == (0, 0)


def test_what_rq_could_not_do_is_told(asked: Asked, connection: Redis) -> None:
    connection.rpush("rq:queue:default:intermediate", "nobody-submitted-this")
    held = asked.unacked
    asked.server.port = 1
    with pytest.raises(OSError, match="Connection refused"):
        asked.messages.restore(held, TOLD)


def test_a_scheduled_job_is_held_until_it_is_due_as_long_as_a_scheduler_lives(asked: Asked, connection: Redis) -> None:
    due = datetime.now(UTC) + timedelta(seconds=60)
    Queue(connection=connection).enqueue_at(due, "math.sqrt", 4)
    [held] = asked.unacked
    assert asked.depth == (0, 1)
    assert held.hold is Hold.GONE
    assert held.eta == due.replace(microsecond=0)
    connection.set("rq:scheduler-lock:default", "tick")
    connection.hset("rq:scheduler:tick", "pid", os.getpid())
    assert [held.hold for held in asked.unacked] == [Hold.HELD]


def test_queues_that_nobody_reads_are_astray_when_they_are_found(asked: Asked, connection: Redis) -> None:
    Queue("elsewhere", connection=connection).enqueue("math.sqrt", 4)
    assert (asked.depth, asked.ask(asked.messages.astray)) == ((0, 0), 0)
    assert asked.ask(asked.messages.discover)
    assert (asked.depth, asked.ask(asked.messages.astray)) == ((0, 0), 1)
    assert not asked.ask(asked.messages.discover)
    assert asked.ask(asked.messages.unread) == [QueueAt(0, "rq", "elsewhere")]


def test_jobs_are_found_in_every_database_and_under_every_prefix_and_other_keys_are_left_alone(
    redis_port: int, connection: Redis
) -> None:
    asked = Asked(redis_port)
    with Redis(port=redis_port, db=3) as other:
        other.sadd("shop:queues", "shop:queue:mail")
        other.zadd("shop:wip:mail", {"a:b": time.time()})
        other.rpush("my:queue:of-things", "thing")
    assert asked.ask(asked.messages.discover)
    [held] = asked.unacked
    assert (held.task_id, held.queue) == ("a", QueueAt(3, "shop", "mail"))
    assert QueueAt(3, "my", "of-things") not in asked.messages.queues


def test_what_a_worker_says_of_its_queues_counts(redis_port: int, connection: Redis) -> None:
    told = Settings(t=0, component="worker", pid=11, prefix="shop", database=3, queues=("mail", "bills"))
    asked = Asked(redis_port, {"worker": told})
    assert asked.messages.queue == QueueAt(3, "shop", "mail")
    assert {QueueAt(3, "shop", name) for name in ("mail", "bills", "default")} == asked.messages.read_queues
    assert set(asked.messages.restorers(["worker"])) == {QueueAt(3, "shop", "mail"), QueueAt(3, "shop", "bills")}
    assert asked.messages.restorers([]) == {}


def test_a_worker_whose_link_has_seen_it_ask_for_nothing_is_told(asked: Asked) -> None:
    assert "no link has seen worker ask for a job" in asked.messages.unseen(["worker"])
    ask = request("BLMOVE", "rq:queue:default", "rq:queue:default:intermediate", "LEFT", "RIGHT", "405")
    asked.messages.handed.watch(frame("BLMOVE", ask), 1.0)
    assert asked.messages.unseen(["worker"]) == ""


def test_a_key_of_another_type_holds_no_jobs_and_what_else_goes_wrong_is_raised(
    asked: Asked, connection: Redis
) -> None:
    connection.set("rq:queue:default", "no list")
    assert asked.depth == (0, 0)
    connection.execute_command("ACL", "SETUSER", "default", "-llen")
    try:
        with pytest.raises(ResponseError):
            _ = asked.depth
    finally:
        connection.execute_command("ACL", "SETUSER", "default", "+llen")


@pytest.mark.parametrize("serializer", ["DefaultSerializer", "JSONSerializer"])
def test_a_job_of_the_harness_is_one_that_rq_can_execute_and_leaves_nothing(
    redis_port: int, connection: Redis, serializer: str
) -> None:
    told = Settings(t=0, component="worker", pid=11, prefix="rq", queues=("default",), serializer=serializer)
    asked = Asked(redis_port, {"worker": told})
    job_id = asked.ask(
        lambda: asked.messages.publish("platform.node", "storm-00ab-0001", {}, timeout_s=120),
    )
    by = f"rq.serializers.{serializer}"
    job = Job.fetch(job_id, connection=connection, serializer=by)
    assert (job.func_name, job.timeout, job.get_status()) == ("platform.node", 120, "queued")
    assert job.description == "platform.node(key='storm-00ab-0001')"
    queue = Queue(connection=connection, serializer=by)
    worker = SimpleWorker([queue], connection=connection, serializer=by)
    worker.death_penalty_class = TimerDeathPenalty  # The test's own alarm is left alone.
    Queue.dequeue_any([queue], timeout=None, connection=connection, serializer=by)
    worker.execute_job(job, queue)
    assert [key for key in connection.scan_iter() if not key.startswith(b"rq:worker:")] == [b"rq:queues"]


def test_an_abandoned_job_waits_for_its_heartbeat_to_be_old_and_for_the_next_look() -> None:
    assert waits_s(score=1090.0, maintenance_s=600.0, now=1000.0) == 690.0
    assert waits_s(score=900.0, maintenance_s=600.0, now=1000.0) == 600.0
