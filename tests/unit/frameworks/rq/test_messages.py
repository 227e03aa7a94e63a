"""Where RQ's jobs are and who has them, as RQ itself writes it into a real Redis; and what becomes of them when nobody has them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from redis import Redis
from rq import Queue, Retry, Worker
from rq.job import Job
from rq.timeouts import TimerDeathPenalty
from stormproof.brokers.redis.resp import request
from stormproof.errors import ComponentError, UnreachableError
from stormproof.frameworks.framework import Hold, Unacked
from stormproof.frameworks.rq.handed import QueueAt
from stormproof.frameworks.rq.messages import RqMessages
from stormproof.history import Settings
from stormproof.spec.trigger import Moment

T = TypeVar("T")
DEFAULT = QueueAt(0, "rq", "default")
TOLD = Settings(t=0, component="worker", pid=11, prefix="rq", queues=("default",), serializer="DefaultSerializer")


class Workers:
    """One worker that runs as process 11; processes of this machine are those in `alive`."""

    def __init__(self) -> None:
        self.pid, self.alive = 11, {11, os.getpid()}
        self.finished: dict[str, float] = {}

    def main_pid(self, component: str) -> int:
        return self.pid

    def finished_since(self, component: str, task_id: str) -> float:
        return self.finished.get(task_id, float("-inf"))


class Asked:
    """The messages, and a way to ask them from a test that does not wait."""

    def __init__(self, server: Any, settings: dict[str, Settings] | None = None) -> None:
        self.server, self.workers = server, Workers()
        told = {"worker": TOLD} if settings is None else settings
        self.messages = RqMessages(
            self.server, ("default",), self.workers, told, ["worker"], lives=lambda pid: pid in self.workers.alive
        )

    def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        async def answer() -> T:
            try:
                return await question()
            finally:
                await self.server.close()

        return asyncio.run(answer())

    def hand_back(self, jobs: list[Unacked]) -> None:
        """Do at once what a live worker would do one day."""
        for each in self.messages.hand_back(jobs, ["worker"]):
            each.do()

    @property
    def depth(self) -> tuple[int, int]:
        return self.ask(self.messages.depth)

    @property
    def unacked(self) -> list[Unacked]:
        return self.ask(self.messages.unacked)


@pytest.fixture
def asked(server: Any, connection: Redis) -> Asked:
    return Asked(server)


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
    assert (held.task_id, held.place, held.tag.startswith(job.id.encode() + b":")) == (job.id, DEFAULT, True)
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
    asked.hand_back(abandoned)
    assert [Job.fetch(job.id, connection=connection).get_status() for job in (lost, other)] == ["failed", "started"]
    assert "AbandonedJobError" in str(lost.latest_result().exc_string)
    assert [held.task_id for held in asked.unacked] == [other.id]
    assert len(connection.keys("rq:worker:*")) == 4  # Two workers with their executions; none is ours.


def test_a_started_job_with_retries_left_is_queued_again(asked: Asked, connection: Redis) -> None:
    queue = Queue(connection=connection)
    queue.enqueue("math.sqrt", 4, retry=Retry(max=1))
    begun(queue)
    asked.hand_back(asked.unacked)
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
    asked.hand_back([held for held in asked.unacked if held.task_id == lost.id])
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
    asked.hand_back(asked.unacked)
    assert asked.depth == (0, 0)
    assert Job.fetch(found[0].id, connection=connection).get_status() == "queued"


def test_an_id_without_a_job_is_taken_out_of_the_intermediate_list(asked: Asked, connection: Redis) -> None:
    connection.rpush("rq:queue:default:intermediate", "nobody-submitted-this")
    asked.hand_back(asked.unacked)
    assert asked.depth == (0, 0)


def test_what_rq_could_not_do_is_told(asked: Asked, connection: Redis) -> None:
    connection.rpush("rq:queue:default:intermediate", "nobody-submitted-this")
    held = asked.unacked
    asked.server.port = 1
    with pytest.raises(UnreachableError, match="Connection refused"):
        asked.hand_back(held)


def test_an_interpreter_without_rq_is_named(asked: Asked, connection: Redis, tmp_path: Path) -> None:
    connection.rpush("rq:queue:default:intermediate", "nobody-submitted-this")
    (tmp_path / "rq.py").write_text("raise ModuleNotFoundError(\"No module named 'rq'\")")
    asked.messages._env["PYTHONPATH"] = str(tmp_path)
    with pytest.raises(ComponentError, match=r"cannot be called with .*: ModuleNotFoundError: No module named 'rq'"):
        asked.hand_back(asked.unacked)


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
    server: Any, connection: Redis
) -> None:
    asked = Asked(server)
    with Redis(port=server.port, db=3) as other:
        other.sadd("shop:queues", "shop:queue:mail")
        other.zadd("shop:wip:mail", {"a:b": time.time()})
        other.rpush("my:queue:of-things", "thing")
    assert asked.ask(asked.messages.discover)
    [held] = asked.unacked
    assert (held.task_id, held.place) == ("a", QueueAt(3, "shop", "mail"))
    assert QueueAt(3, "my", "of-things") not in asked.messages.queues


def test_what_a_worker_says_of_its_queues_counts(server: Any, connection: Redis) -> None:
    told = Settings(t=0, component="worker", pid=11, prefix="shop", database=3, queues=("mail", "bills"))
    asked = Asked(server, {"worker": told})
    assert asked.messages.queue == QueueAt(3, "shop", "mail")
    assert {QueueAt(3, "shop", name) for name in ("mail", "bills", "default")} == asked.messages.read_queues


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
        with pytest.raises(UnreachableError):
            _ = asked.depth
    finally:
        connection.execute_command("ACL", "SETUSER", "default", "+llen")


def test_a_job_is_handed_back_by_a_live_worker_that_reads_its_queue_and_a_scheduled_one_by_nobody(asked: Asked) -> None:
    abandoned = Unacked(DEFAULT, b"a:b", "a", None, Hold.GONE)
    [how] = asked.messages.hand_back([abandoned], ["worker"])
    assert (how.task_ids, how.waited_s) == (("a",), TOLD.visibility_s)
    assert asked.messages.returns(abandoned, ["worker"])
    for message, alive in (
        (abandoned, []),
        (abandoned._replace(place=QueueAt(0, "rq", "elsewhere")), ["worker"]),
        (abandoned._replace(eta=datetime.now(UTC)), ["worker"]),
    ):
        assert not asked.messages.returns(message, alive)
        assert asked.messages.hand_back([message], alive) == []
