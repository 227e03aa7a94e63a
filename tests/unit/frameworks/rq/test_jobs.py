"""What the harness writes in RQ's place is what RQ reads; and each bad job is bad in one way."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.exceptions import DeserializationError
from rq.job import Job
from rq.timeouts import TimerDeathPenalty
from stormproof.frameworks.rq.jobs import BAD, bad_fields, job_fields


def written(connection: Redis, fields: dict[str, Any], serializer: str) -> Job:
    connection.sadd("rq:queues", "rq:queue:default")
    connection.hset("rq:job:a", mapping=fields)
    connection.rpush("rq:queue:default", "a")
    return Job.fetch("a", connection=connection, serializer=f"rq.serializers.{serializer}")


@pytest.mark.parametrize("serializer", ["DefaultSerializer", "JSONSerializer"])
def test_a_job_is_one_that_rq_executes_and_leaves_nothing(connection: Redis, serializer: str) -> None:
    fields = job_fields("builtins.dict", "storm-00ab-0001", {"key": 1}, "default", serializer, timeout_s=120)
    job = written(connection, fields, serializer)
    assert (job.func_name, job.kwargs, job.timeout, job.get_status()) == ("builtins.dict", {"key": 1}, 120, "queued")
    assert job.description == "builtins.dict(key='storm-00ab-0001')"
    by = f"rq.serializers.{serializer}"
    queue = Queue(connection=connection, serializer=by)
    worker = SimpleWorker([queue], connection=connection, serializer=by)
    worker.death_penalty_class = TimerDeathPenalty  # The test's own alarm is left alone.
    Queue.dequeue_any([queue], timeout=None, connection=connection, serializer=by)
    worker.execute_job(job, queue)
    assert [key for key in connection.scan_iter() if not key.startswith(b"rq:worker:")] == [b"rq:queues"]


def bad(kind: str) -> dict[str, Any]:
    return bad_fields(kind, "storm-00ab-6000", "default", "DefaultSerializer")


@pytest.mark.parametrize("kind", ["undecodable", "cut_off", "null_body"])
def test_data_that_holds_no_call_cannot_be_read(connection: Redis, kind: str) -> None:
    with pytest.raises(DeserializationError):
        _ = written(connection, bad(kind), "DefaultSerializer").func_name


def test_a_job_of_an_unknown_state_cannot_be_fetched(connection: Redis) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        written(connection, bad("unknown_state"), "DefaultSerializer")


def test_an_unknown_function_is_named_and_an_id_without_a_job_has_no_fields(connection: Redis) -> None:
    assert (
        written(connection, bad("unknown_task"), "DefaultSerializer").func_name == "stormproof_probe.nobody_knows_this"
    )
    assert bad("no_job") == {}
    assert len({str(bad(kind)) for kind in BAD}) == len(BAD)
