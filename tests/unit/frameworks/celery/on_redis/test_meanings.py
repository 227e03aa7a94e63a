"""What each command of kombu's Redis transport, and of Celery's Redis result backend, does to a message."""

from __future__ import annotations

import pytest
from stormproof.brokers.redis.resp import HEAD_LIMIT, request
from stormproof.brokers.redis.shape import ids, name
from stormproof.frameworks.celery.on_redis.meanings import KombuReader
from stormproof.history import Meaning

TASK = "11111111-1111-4111-8111-111111111111"
TAG = "22222222-2222-4222-8222-222222222222"
MESSAGE = (
    f'{{"body": "W10=", "headers": {{"task": "shop.ship", "id": "{TASK}"}}, "properties": {{"delivery_tag": "{TAG}"}}}}'
)
CONTROL = f'{{"body": "e30=", "headers": {{}}, "properties": {{"delivery_tag": "{TAG}"}}}}'
LARGE = '{"body": "' + "x" * HEAD_LIMIT


class Connection:
    """One connection, and a worker that keeps its messages in `shop:mine`, too."""

    def __init__(self) -> None:
        self.reader = KombuReader(lambda: {"shop:mine"})

    def asks(self, *words: str) -> Meaning:
        raw = request(*words)
        return self.reader.request(*name(raw), raw, ids(raw))


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (("LPUSH", "celery", MESSAGE), "publish"),
        (("LPUSH", "celery", LARGE), "publish"),
        (("LPUSH", f"{TASK}.reply.celery.pidbox", CONTROL), "other"),
        (("LPUSH", "orders", f'["{TASK}"]'), "other"),
        (("BRPOP", "celery", "1"), "deliver"),
        (("RPOP", "celery"), "deliver"),
        (("HSET", "unacked", TAG, f"[{MESSAGE}]"), "hold"),
        (("HSET", "prefix:unacked", TAG, f"[{MESSAGE}]"), "hold"),
        (("HSET", "shop:mine", TAG, f"[{MESSAGE}]"), "hold"),
        (("HSET", "basket", TAG, "1"), "other"),
        (("ZADD", "unacked_index", "1.5", TAG), "other"),
        (("HDEL", "unacked", TAG), "acknowledge"),
        (("ZREM", "unacked_index", TAG), "acknowledge"),
        (("HDEL", "shop:mine", TAG), "acknowledge"),
        (("ZREM", "shop:mine_index", TAG), "acknowledge"),
        (("HDEL", "basket", TAG), "other"),
        (("SETEX", f"celery-task-meta-{TASK}", "60", "{}"), "store_result"),
        (("PUBLISH", f"celery-task-meta-{TASK}", "{}"), "store_result"),
        (("GET", f"celery-task-meta-{TASK}"), "read_result"),
        (("MGET", f"celery-task-meta-{TASK}"), "read_result"),
        (("SUBSCRIBE", f"celery-task-meta-{TASK}"), "read_result"),
        (("PUBLISH", "/0.celeryev/task.received", "{}"), "event"),
        (("EVALSHA", "f" * 40, "1", TASK), "unclear"),
        (("EVALSHA", "f" * 40, "1", "lock"), "other"),
        (("PING",), "other"),
    ],
)
def test_a_command_means(words: tuple[str, ...], meaning: Meaning) -> None:
    assert Connection().asks(*words) == meaning


def gives_back(connection: Connection) -> list[Meaning]:
    """As kombu does when a message is rejected, or its visibility timeout is over."""
    moves = [("WATCH", "unacked"), ("HGET", "unacked", TAG), ("MULTI",), ("ZREM", "unacked_index", TAG)]
    return [
        connection.asks(*words) for words in (*moves, ("HDEL", "unacked", TAG), ("RPUSH", "celery", MESSAGE), ("EXEC",))
    ]


def test_what_is_given_back_is_put_into_its_queue_and_not_acknowledged() -> None:
    assert gives_back(Connection()) == ["other", "other", "other", "other", "other", "requeue", "other"]


def test_the_move_ends_with_its_transaction() -> None:
    connection = Connection()
    gives_back(connection)
    assert connection.asks("HDEL", "unacked", TAG) == "acknowledge"
    assert connection.asks("LPUSH", "celery", MESSAGE) == "publish"


def test_a_message_that_is_held_again_is_not_being_given_back() -> None:
    connection = Connection()
    connection.asks("HGET", "unacked", TAG)
    assert connection.asks("HSET", "unacked", TAG, MESSAGE) == "hold"
    assert connection.asks("HDEL", "unacked", TAG) == "acknowledge"


def test_another_connection_gives_nothing_back() -> None:
    one, other = Connection(), Connection()
    one.asks("HGET", "unacked", TAG)
    assert other.asks("HDEL", "unacked", TAG) == "acknowledge"


def test_a_reply_means_what_was_asked_but_an_answer_to_a_control_command_is_no_task() -> None:
    reader = Connection().reader
    assert reader.reply("hold", b":1\r\n") == "hold"
    assert reader.reply("deliver", b"*2\r\n$6\r\ncelery\r\n$99\r\n" + MESSAGE.encode()) == "deliver"
    assert reader.reply("deliver", b"*2\r\n$6\r\ncelery\r\n$99\r\n" + CONTROL.encode()) == "other"
