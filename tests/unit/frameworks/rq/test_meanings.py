"""Each command of a job's life means something, under any prefix; what is no part of it means nothing."""

from __future__ import annotations

import pytest
from stormproof.frameworks.rq.meanings import meaning


@pytest.mark.parametrize(
    ("command", "key", "api", "worker"),
    [
        ("HSET", "rq:job:*", "publish", "store result"),
        ("RPUSH", "rq:queue:default", "publish", "requeue"),
        ("LPUSH", "rq:queue:default", "publish", "requeue"),
        ("RPUSH", "{shop}:queue:mail", "publish", "requeue"),
        ("ZADD", "rq:scheduled:default", "publish", "requeue"),
        ("HGETALL", "rq:job:*", "read result", "deliver"),
        ("HSET", "rq:execution:*:*", "hold", "hold"),
        ("ZADD", "rq:wip:default", "hold", "hold"),
        ("LREM", "rq:queue:default:intermediate", "hold", "hold"),
        ("ZREM", "rq:wip:default", "acknowledge", "acknowledge"),
        ("DEL", "rq:execution:*:*", "acknowledge", "acknowledge"),
        ("XADD", "rq:results:*", "store result", "store result"),
        ("ZADD", "rq:finished:default", "store result", "store result"),
        ("ZADD", "rq:failed:default", "store result", "store result"),
        ("HGET", "rq:job:*", "read result", "other"),
        ("XREVRANGE", "rq:results:*", "read result", "read result"),
        ("HSET", "rq:worker:*", "event", "event"),
        ("PUBLISH", "rq:pubsub:*", "cancel", "cancel"),
        ("EXEC", "", "other", "other"),
        ("SADD", "rq:queues", "other", "other"),
        ("ZREMRANGEBYSCORE", "rq:finished:default", "other", "other"),
        ("RPUSH", "some-list", "other", "other"),
        ("RPUSH", "rq:queue:default:intermediate", "other", "other"),
    ],
)
def test_a_command_means_what_its_key_says_and_so_does_its_reply(command: str, key: str, api: str, worker: str) -> None:
    for direction in ("request", "reply"):
        assert meaning(command, key, direction) == api  # type: ignore[arg-type]
        assert meaning(command, key, direction, by_worker=True) == worker  # type: ignore[arg-type]


@pytest.mark.parametrize("command", ["BLMOVE", "BLPOP", "LMOVE", "LPOP"])
def test_only_the_reply_brings_a_job(command: str) -> None:
    assert meaning(command, "rq:queue:default", "request", by_worker=True) == "other"
    assert meaning(command, "rq:queue:default", "reply", by_worker=True) == "deliver"


def test_what_redis_pushes_to_a_worker_tells_it_to_stop() -> None:
    assert meaning("MESSAGE", "rq:pubsub:*", "push") == "cancel"
    assert meaning("INVALIDATE", "", "push") == "other"
