"""What the links tell of which worker was given which job."""

from __future__ import annotations

from typing import Any

import pytest
from stormproof.brokers.redis.resp import request
from stormproof.frameworks.framework import Hold
from stormproof.frameworks.rq.handed import Handed, QueueAt
from stormproof.spec.trigger import Moment

JOB, OTHER = "0c8b0f2e-27c9-4f0a-8d76-0e8f2a0d5a01", "order-17"
DEFAULT = QueueAt(0, "rq", "default")


class Workers:
    def __init__(self) -> None:
        self.pid = 11

    def main_pid(self, component: str) -> int:
        return self.pid

    def finished_since(self, component: str, task_id: str) -> float:
        return float("-inf")


def frame(command: str, raw: bytes, direction: Any = "request", **others: Any) -> Moment:
    known: dict[str, Any] = {"link": "worker", "component": "worker", "store": "broker", "connection": 1, "key": ""}
    return Moment(command=command, raw=raw, direction=direction, **{**known, **others})


def bulk(text: str) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text.encode())


ASK = frame("BLMOVE", request("BLMOVE", DEFAULT.key, DEFAULT.intermediate, "LEFT", "RIGHT", "405"))


def test_a_worker_holds_what_it_was_given_until_it_asks_again() -> None:
    handed = Handed(Workers(), "broker")
    handed.watch(ASK, 1.0)
    assert handed.holds(JOB) is Hold.UNSEEN
    handed.watch(frame("BLMOVE", bulk(JOB), "reply"), 2.0)
    assert handed.holds(JOB) is Hold.HELD
    handed.watch(ASK, 3.0)
    assert handed.holds(JOB) is Hold.GONE


def test_a_worker_of_several_queues_is_given_the_id_behind_the_queue() -> None:
    handed = Handed(Workers(), "broker")
    handed.watch(frame("BLPOP", request("BLPOP", "rq:queue:high", "rq:queue:default", "405")), 1.0)
    handed.watch(frame("BLPOP", request("rq:queue:high", OTHER), "reply"), 2.0)
    assert handed.holds(OTHER) is Hold.HELD
    assert handed.reads == {"worker": {DEFAULT, QueueAt(0, "rq", "high")}}


def test_another_worker_that_asks_takes_nothing_from_the_first() -> None:
    handed = Handed(Workers(), "broker")
    handed.watch(frame("BLMOVE", bulk(JOB), "reply"), 2.0)
    handed.watch(frame("BLMOVE", ASK.raw, component="worker-2"), 3.0)
    assert handed.holds(JOB) is Hold.HELD
    assert handed.read_by(["worker"]) == set()
    assert handed.read_by(["worker-2"]) == {DEFAULT}


def test_a_worker_that_was_started_again_holds_nothing_of_before() -> None:
    workers = Workers()
    handed = Handed(workers, "broker")
    handed.watch(frame("BLMOVE", bulk(JOB), "reply"), 2.0)
    workers.pid = 12
    assert handed.holds(JOB) is Hold.GONE


def test_an_empty_reply_brings_nothing_and_another_store_is_not_looked_at() -> None:
    handed = Handed(Workers(), "broker")
    handed.watch(frame("BLMOVE", b"*-1\r\n", "reply", nil=True), 2.0)
    handed.watch(frame("BLMOVE", bulk(JOB), "reply", store="results"), 2.0)
    assert handed.holds(JOB) is Hold.UNSEEN


def test_jobs_are_seen_to_be_published_and_in_which_database() -> None:
    handed = Handed(Workers(), "broker")
    handed.watch(frame("SELECT", request("SELECT", "3"), connection=7), 1.0)
    handed.watch(frame("RPUSH", request("RPUSH", "shop:queue:mail", JOB), connection=7), 2.0)
    handed.watch(frame("RPUSH", request("RPUSH", "some-list", JOB), connection=7), 3.0)
    assert handed.published == {QueueAt(3, "shop", "mail")}


@pytest.mark.parametrize(
    ("key", "queue"),
    [
        (b"rq:queue:default", DEFAULT),
        (b"rq:queue:default:intermediate", DEFAULT),
        (b"{shop}:rq:queue:a:b", QueueAt(0, "{shop}:rq", "a:b")),
        (b"rq:queues", None),
        (b"celery", None),
    ],
)
def test_a_queue_is_known_by_its_key(key: bytes, queue: QueueAt | None) -> None:
    assert QueueAt.of_key(0, key) == queue


def test_the_keys_of_a_queue_are_those_of_rq() -> None:
    assert (DEFAULT.key, DEFAULT.intermediate) == ("rq:queue:default", "rq:queue:default:intermediate")
    assert DEFAULT.registry("wip") == "rq:wip:default"
