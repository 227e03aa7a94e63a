"""RQ as the harness asks it: its own jobs and bad ones come into the queue, and jobs are cancelled as a user does it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis import Redis
from rq import Queue, Worker
from rq.job import Job
from stormproof.frameworks.rq.framework import RqFramework
from stormproof.frameworks.rq.messages import RqMessages


@pytest.fixture
def messages(server: Any) -> RqMessages:
    links: Any = SimpleNamespace(main_pid=lambda component: 11, finished_since=lambda component, task: 0.0)
    return RqFramework().messages(server, ("default",), links, {}, ["worker"])


def test_a_worker_starts_as_it_is_with_the_probe_on_its_path(tmp_path: Path) -> None:
    assert RqFramework().with_probe(["rq", "worker"]) == ["rq", "worker"]
    assert RqFramework().probe(tmp_path) == {"PYTHONPATH": str(tmp_path)}
    assert (tmp_path / "sitecustomize.py").exists()


def test_a_job_of_the_harnesss_own_is_queued_for_the_probes_function(
    messages: RqMessages, connection: Redis, tmp_path: Path
) -> None:
    own: Any = SimpleNamespace(key="storm-00ab-9000", release=tmp_path / "release", at_most_s=90.0)
    job_id = RqFramework().submit(messages, own)
    job = Job.fetch(job_id, connection=connection)
    assert job.func_name == "stormproof_probe.hold"
    assert job.kwargs == {"key": "storm-00ab-9000", "release_path": str(tmp_path / "release"), "at_most_s": 90.0}
    assert Queue(connection=connection).job_ids == [job_id]


def test_a_job_that_waits_is_cancelled_and_the_worker_of_one_that_runs_is_told(
    messages: RqMessages, connection: Redis
) -> None:
    queue = Queue(connection=connection)
    running, waiting = queue.enqueue("math.sqrt", 4), queue.enqueue("math.sqrt", 9)
    worker = Worker([queue], connection=connection, name="lisa")
    found = Queue.dequeue_any([queue], timeout=None, connection=connection)
    assert found is not None
    worker.prepare_execution(found[0])
    worker.prepare_job_execution(found[0], remove_from_intermediate_queue=True)
    with connection.pubsub() as channel:
        channel.subscribe("rq:pubsub:lisa")
        channel.get_message(timeout=5)
        told = RqFramework().cancel(messages, [running.id, waiting.id, "nobody-submitted-this"])
        heard = channel.get_message(timeout=5)
    assert told == ["lisa", "redis.broker"]
    assert heard is not None and b"stop-job" in heard["data"]
    assert (waiting.get_status(), queue.job_ids) == ("canceled", [])


@pytest.mark.parametrize("kind", RqFramework.bad_messages)
def test_a_bad_job_waits_in_the_queue_until_a_worker_takes_it(
    messages: RqMessages, connection: Redis, server: Any, kind: str
) -> None:
    async def seen() -> tuple[bool, bool]:
        taken = await RqFramework().put_bad(messages, kind, "storm-00ab-6000")
        before = await taken()
        connection.lpop("rq:queue:default")
        after = await taken()
        await server.close()
        return before, after

    assert asyncio.run(seen()) == (False, True)
    assert connection.exists(f"rq:job:stormproof-{kind}") == (kind != "no_job")


def test_the_results_of_a_job_are_where_rq_puts_them(connection: Redis) -> None:
    from rq.results import Result

    assert RqFramework().result_key("a") == Result.get_key("a")
