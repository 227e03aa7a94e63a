"""The books of the links: who holds a message, and where messages pass."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from stormproof.brokers.redis.resp import request
from stormproof.brokers.redis.shape import ids, name
from stormproof.frameworks.celery.on_redis.deliveries import Deliveries, Place
from stormproof.frameworks.celery.on_redis.meanings import KombuReader
from stormproof.frameworks.framework import Hold
from stormproof.spec.trigger import Moment

TAG = str(uuid.UUID(int=1)).encode()
UNACKED = Place("broker", 0, b"unacked")
ENVELOPE = '{"body": "W10=", "headers": {"task": "shop.ship", "id": "a"}}'


class Workers:
    """What is known of the workers besides; a test changes it."""

    def __init__(self) -> None:
        self.pids = {"worker": 11, "worker-2": 12}
        self.since: dict[str, float] = {}
        self.open = {("worker", 1), ("worker-2", 2)}
        self.finished: dict[tuple[str, str], float] = {}

    def main_pid(self, component: str) -> int:
        return self.pids.get(component, 0)

    def consuming_since(self, component: str) -> float:
        return self.since.get(component, float("-inf"))

    def finished_since(self, component: str, task_id: str) -> float:
        return self.finished.get((component, task_id), float("-inf"))

    def connected(self, link: str, connection: int) -> bool:
        return (link, connection) in self.open


def moment(command: str, *words: str | bytes, component: str = "worker", connection: int = 1, **more: Any) -> Moment:
    raw = request(command, *words)
    meaning = KombuReader(set).request(*name(raw), raw, ids(raw))
    fields = {"direction": "request", "store": "broker", "raw": raw, "key": "", "meaning": meaning, **more}
    return Moment(link=component, component=component, connection=connection, command=command, **fields)


def delivered(
    books: Deliveries, *, component: str = "worker", connection: int = 1, t: float = 5.0, key: str = "unacked"
) -> None:
    """A message comes as the answer of a blocking request, and is recorded on another connection of the pool."""
    books.watch(moment("BRPOP", component=component, connection=connection, direction="reply", raw=b"*2\r\n"), t)
    books.watch(moment("HSET", key, TAG, "[]", component=component, connection=connection + 100), t)


@pytest.fixture
def workers() -> Workers:
    return Workers()


@pytest.fixture
def books(workers: Workers) -> Deliveries:
    return Deliveries(workers)


def test_a_worker_holds_what_it_was_given(books: Deliveries) -> None:
    delivered(books)
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD


def test_of_a_message_that_no_link_has_seen_nobody_knows_who_has_it(books: Deliveries) -> None:
    assert books.holds(UNACKED, TAG, "a") is Hold.UNSEEN
    delivered(books, key="other")
    assert books.holds(UNACKED, TAG, "a") is Hold.UNSEEN


@pytest.mark.parametrize("pid", [0, 77], ids=["is gone", "was started again"])
def test_a_worker_whose_process_is_another_holds_nothing_of_before(
    books: Deliveries, workers: Workers, pid: int
) -> None:
    delivered(books)
    workers.pids["worker"] = pid
    assert books.holds(UNACKED, TAG, "a") is Hold.GONE


def test_a_connection_that_ended_is_no_proof_while_the_consumer_goes_on(books: Deliveries, workers: Workers) -> None:
    delivered(books)
    workers.open.clear()
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD


def test_a_consumer_that_began_again_is_no_proof_while_the_connection_is_there(
    books: Deliveries, workers: Workers
) -> None:
    delivered(books, t=5.0)
    workers.since["worker"] = 6.0
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD


def test_a_consumer_that_began_again_on_another_connection_has_forgotten(books: Deliveries, workers: Workers) -> None:
    delivered(books, t=5.0)
    workers.open = {("worker", 3)}
    workers.since["worker"] = 5.0
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD
    workers.since["worker"] = 5.001
    assert books.holds(UNACKED, TAG, "a") is Hold.GONE


def test_a_worker_that_has_executed_the_task_to_its_end_since_then_is_done_with_it(
    books: Deliveries, workers: Workers
) -> None:
    delivered(books, t=5.0)
    workers.finished["worker", "another"] = workers.finished["worker-2", "a"] = 6.0
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD
    workers.finished["worker", "a"] = 5.0
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD
    workers.finished["worker", "a"] = 5.001
    assert books.holds(UNACKED, TAG, "a") is Hold.DONE
    workers.pids["worker"] = 0
    assert books.holds(UNACKED, TAG, "a") is Hold.GONE


def test_an_execution_that_began_before_the_delivery_says_nothing_of_it(books: Deliveries, workers: Workers) -> None:
    """The message of a retry is delivered while the first attempt is about to say that it has ended."""
    workers.finished["worker", "a"] = 4.9
    delivered(books, t=5.0)
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD


def test_what_is_delivered_after_the_consumer_began_again_is_held(books: Deliveries, workers: Workers) -> None:
    workers.since["worker"] = 4.0
    delivered(books, t=5.0)
    workers.open.clear()
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD


def test_the_connection_that_counts_is_the_one_on_which_the_message_came(books: Deliveries, workers: Workers) -> None:
    delivered(books, connection=1, t=5.0)
    workers.since["worker"] = 6.0
    workers.open = {("worker", 101)}
    assert books.holds(UNACKED, TAG, "a") is Hold.GONE


def test_a_message_that_was_delivered_again_is_in_the_hands_of_whoever_got_it_last(
    books: Deliveries, workers: Workers
) -> None:
    delivered(books)
    delivered(books, component="worker-2", connection=2, t=6.0)
    workers.pids["worker"] = 0
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD
    workers.pids["worker-2"] = 0
    assert books.holds(UNACKED, TAG, "a") is Hold.GONE


def test_an_answer_that_holds_nothing_delivers_nothing(books: Deliveries, workers: Workers) -> None:
    delivered(books, connection=1)
    books.watch(moment("BRPOP", connection=9, direction="reply", raw=b"*-1\r\n", nil=True), 5.5)
    books.watch(moment("HSET", "unacked", TAG, "[]", connection=101), 5.6)
    workers.since["worker"] = 6.0
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD


def test_without_a_delivery_before_it_the_connection_of_the_record_counts(books: Deliveries, workers: Workers) -> None:
    books.watch(moment("HSET", "unacked", TAG, "[]", connection=7), 5.0)
    workers.open, workers.since["worker"] = {("worker", 7)}, 6.0
    assert books.holds(UNACKED, TAG, "a") is Hold.HELD
    workers.open = set()
    assert books.holds(UNACKED, TAG, "a") is Hold.GONE


def test_messages_are_recorded_in_the_database_that_the_connection_has_selected(books: Deliveries) -> None:
    books.watch(moment("SELECT", "3", connection=101), 1.0)
    delivered(books)
    place = Place("broker", 3, b"unacked")
    assert books.hashes == {place}
    assert books.holds(place, TAG, "a") is Hold.HELD
    assert books.holds(UNACKED, TAG, "a") is Hold.UNSEEN


def test_a_selection_that_is_no_number_changes_nothing(books: Deliveries) -> None:
    books.watch(moment("SELECT", "3", connection=101), 1.0)
    books.watch(moment("SELECT", "x", connection=101), 1.0)
    books.watch(moment("SELECT", connection=101), 1.0)
    books.watch(moment("SELECT", "4", connection=101, direction="reply"), 1.0)
    delivered(books)
    assert books.hashes == {Place("broker", 3, b"unacked")}


def test_another_hash_of_the_application_is_no_message(books: Deliveries) -> None:
    books.watch(moment("HSET", "users", "alice", "[]"), 1.0)
    books.watch(moment("HSET", "users", TAG + b"x", "[]"), 1.0)
    books.watch(moment("HSET", "users"), 1.0)
    books.watch(moment("HGET", "users", TAG), 1.0)
    books.watch(moment("HSET", "users", TAG, "[]", direction="reply"), 1.0)
    assert books.hashes == set()


def test_the_lists_that_a_worker_asks_for_are_known_in_their_database(books: Deliveries) -> None:
    books.watch(moment("BRPOP", "a", "b", "1"), 1.0)
    books.watch(moment("SELECT", "2"), 2.0)
    books.watch(moment("BRPOP", "b", "c", "1"), 3.0)
    books.watch(moment("BRPOP", "d", "1", component="worker-2", connection=2), 3.0)
    assert books.reads == {
        "worker": {
            Place("broker", 0, b"a"),
            Place("broker", 0, b"b"),
            Place("broker", 2, b"b"),
            Place("broker", 2, b"c"),
        },
        "worker-2": {Place("broker", 0, b"d")},
    }


def test_the_same_request_in_another_database_is_another_place(books: Deliveries) -> None:
    books.watch(moment("BRPOP", "a", "1"), 1.0)
    books.watch(moment("SELECT", "2"), 2.0)
    books.watch(moment("BRPOP", "a", "1"), 3.0)
    assert books.reads["worker"] == {Place("broker", 0, b"a"), Place("broker", 2, b"a")}


def test_no_place_is_forgotten_however_many_requests_there_are(books: Deliveries) -> None:
    for number in range(3000):
        books.watch(moment("BRPOP", f"list-{number}", "1"), 1.0)
    assert len(books.reads["worker"]) == 3000


@pytest.mark.parametrize("command", ["LPUSH", "RPUSH"])
def test_a_list_to_which_a_task_is_published_is_known(books: Deliveries, command: str) -> None:
    books.watch(moment("SELECT", "1", component="api"), 1.0)
    books.watch(moment(command, "mail", ENVELOPE, component="api"), 1.0)
    assert books.published == {Place("broker", 1, b"mail")}


def test_what_is_pushed_and_is_no_task_is_not_published(books: Deliveries) -> None:
    books.watch(moment("LPUSH", "log", "a line"), 1.0)
    books.watch(moment("LPUSH", "replies", '{"body": "W10=", "headers": {"clock": 1}}'), 1.0)
    books.watch(moment("LPUSH", "mail", ENVELOPE, direction="reply"), 1.0)
    books.watch(moment("LPUSH", "log", " " * 600 + ENVELOPE), 1.0)
    books.watch(moment("SET", "mail", ENVELOPE), 1.0)
    assert books.published == set()


def test_a_place_says_where_it_is() -> None:
    assert str(Place("broker", 3, b"shop.mail")) == "'shop.mail' in database 3 of redis.broker"


def test_a_place_says_where_it_is_also_where_its_key_is_no_text() -> None:
    assert str(Place("broker", 3, b"mail\xff")) == "'mail\ufffd' in database 3 of redis.broker"
