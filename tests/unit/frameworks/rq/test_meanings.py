"""What RQ's commands do to jobs, frame by frame as RQ sends them; `integration` reads a whole life from a real worker's connections."""

from __future__ import annotations

import pytest
from stormproof.brokers.redis.resp import request
from stormproof.brokers.redis.shape import ids, name
from stormproof.frameworks.rq.meanings import RqReader, meaning

JOB, EXECUTION = "0c8b0f2e-27c9-4f0a-8d76-0e8f2a0d5a01", "c0ffee00c0ffee00c0ffee00c0ffee00"
KEY = f"rq:job:{JOB}"


def means(reader: RqReader, *words: str) -> str:
    raw = request(*words)
    command, key = name(raw)
    return reader.request(command, key, raw, ids(raw))


@pytest.mark.parametrize(
    ("command", "key", "said"),
    [
        ("RPUSH", "rq:queue:default", "publish"),
        ("LPUSH", "{shop}:queue:mail", "publish"),
        ("BLMOVE", "rq:queue:default", "deliver"),
        ("BLPOP", "rq:queue:default", "deliver"),
        ("LMOVE", "rq:queue:default", "deliver"),
        ("LPOP", "rq:queue:default", "deliver"),
        ("HSET", "rq:execution:*:*", "hold"),
        ("ZADD", "rq:wip:default", "hold"),
        ("LREM", "rq:queue:default:intermediate", "hold"),
        ("ZREM", "rq:wip:default", "acknowledge"),
        ("DEL", "rq:execution:*:*", "acknowledge"),
        ("XADD", "rq:results:*", "store_result"),
        ("ZADD", "rq:finished:default", "store_result"),
        ("ZADD", "rq:failed:default", "store_result"),
        ("HGET", "rq:job:*", "read_result"),
        ("XREVRANGE", "rq:results:*", "read_result"),
        ("EXEC", "", "other"),
        ("SADD", "rq:queues", "other"),
        ("HSET", "rq:worker:*", "other"),
        ("ZREMRANGEBYSCORE", "rq:finished:default", "other"),
        ("RPUSH", "some-list", "other"),
        ("BLPOP", "some-list", "other"),
        ("RPUSH", "rq:queue:default:intermediate", "other"),
    ],
)
def test_a_command_means_what_its_key_says(command: str, key: str, said: str) -> None:
    assert meaning(command, key) == said


def test_who_enqueues_publishes_and_reads() -> None:
    reader = RqReader()
    assert means(reader, "HSET", KEY, "status", "queued") == "publish"
    assert (
        means(reader, "HSET", KEY, "created_at", "now", "data", "x", "status", "queued", "timeout", "180") == "publish"
    )
    assert means(reader, "RPUSH", "rq:queue:default", JOB) == "publish"
    assert means(reader, "HGETALL", KEY) == "read_result"


def test_a_worker_is_given_a_job_and_its_hash_and_holds_it() -> None:
    reader = RqReader()
    ask = ("BLMOVE", "rq:queue:default", "rq:queue:default:intermediate", "LEFT", "RIGHT", "405")
    assert means(reader, *ask) == "deliver"
    assert reader.reply("deliver", f"${len(JOB)}\r\n{JOB}\r\n".encode()) == "deliver"
    assert means(reader, "HGETALL", KEY) == "deliver"
    assert means(reader, "HGETALL", "rq:job:another") == "read_result"
    assert means(reader, "HSET", f"rq:execution:{JOB}:{EXECUTION}", "id", EXECUTION) == "hold"
    assert means(reader, "ZADD", "rq:wip:default", "1", f"{JOB}:{EXECUTION}") == "hold"


def test_a_reply_without_a_job_delivers_none() -> None:
    for nothing in (b"_\r\n", b"$-1\r\n", b"*-1\r\n"):
        assert RqReader().reply("deliver", nothing) == "other"
    assert RqReader().reply("publish", b":1\r\n") == "publish"


def test_a_work_horse_begins_a_job_and_stores_what_came_of_it() -> None:
    reader = RqReader()
    assert means(reader, "HSET", KEY, "last_heartbeat", "now") == "other"
    assert means(reader, "HSET", KEY, "last_heartbeat", "now", "status", "started") == "hold"
    assert means(reader, "LREM", "rq:queue:default:intermediate", "1", JOB) == "hold"
    for state in ("finished", "failed", "stopped", "canceled"):
        assert means(reader, "HSET", KEY, "status", state) == "store_result"
    assert means(reader, "ZREM", "rq:wip:default", f"{JOB}:{EXECUTION}") == "acknowledge"


@pytest.mark.parametrize(
    "before",
    [
        ("LREM", "rq:queue:default:intermediate", "1", JOB),
        ("DEL", f"rq:execution:{JOB}:{EXECUTION}"),
        ("ZREM", "rq:wip:default", f"{JOB}:{EXECUTION}"),
        ("ZADD", "rq:wip:default", "1", f"{JOB}:{EXECUTION}"),
    ],
)
def test_a_job_that_a_connection_has_had_is_queued_again_and_another_is_published(before: tuple[str, ...]) -> None:
    reader = RqReader()
    means(reader, *before)
    assert means(reader, "HSET", KEY, "status", "queued") == "requeue"
    assert means(reader, "RPUSH", "rq:queue:default", JOB) == "requeue"
    assert means(reader, "ZADD", "rq:scheduled:default", "1", JOB) == "requeue"
    assert means(reader, "RPUSH", "rq:queue:default", "another") == "publish"
    assert means(reader, "ZADD", "rq:scheduled:default", "1", "another") == "publish"


def test_a_script_with_a_job_may_do_anything() -> None:
    assert means(RqReader(), "EVALSHA", "abc", "2", KEY, "rq:queue:default") == "unclear"
    assert means(RqReader(), "EVALSHA", "abc", "1", "rq:lock") == "other"
