"""Names of frames are the same from run to run."""

from __future__ import annotations

import pytest
from stormproof.brokers.redis.resp import request
from stormproof.brokers.redis.shape import ids, name, shape

ID = "8e2c3a5e-6b0f-4a51-9d0c-3a5e6b0f4a51"


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (f"celery-task-meta-{ID}", "celery-task-meta-*"),
        ("celery\x06\x163", "celery:3"),
        ("storm-00ab-0007", "*"),
        ("celery@node-7.celery.pidbox", "celery@*.celery.pidbox"),
        ("user:12345:cart", "user:#:cart"),
        ("/0.celeryev/task.sent", "/0.celeryev/task.sent"),
        ("lock:0123456789abcdef", "lock:*"),
        ("a (b)\n", "a??b??"),
    ],
)
def test_what_is_drawn_or_counted_is_replaced(key: str, wanted: str) -> None:
    assert shape(key.encode()) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("hset", "unacked", "f", "v"), ("HSET", "unacked")),
        (("MULTI",), ("MULTI", "")),
        (("SELECT", "1"), ("SELECT", "")),
        (("EVAL", "return 1", "1", "lock:a"), ("EVAL", "lock:a")),
        (("OBJECT", "ENCODING", "k"), ("OBJECT", "k")),
        (("CLIENT", "SETINFO", "a"), ("CLIENT", "SETINFO")),
        (("EVAL", "return 1", "0"), ("EVAL", "")),
        (("OBJECT", "HELP"), ("OBJECT", "")),
        (("DBSIZE",), ("DBSIZE", "")),
        (("x" * 41, "a"), ("X" * 40, "a")),
        (("G\udcffT", "a"), ("G\ufffdT", "a")),
    ],
)
def test_a_request_is_named_by_its_command_and_first_key(words: tuple[str, ...], wanted: tuple[str, str]) -> None:
    assert name(request(*(word.encode(errors="surrogateescape") for word in words))) == wanted


def test_an_inline_request_has_a_name_and_an_empty_one_has_none() -> None:
    assert name(b"get a\r\n") == ("GET", "a")
    assert name(b"\r\n") == ("", "")


def test_ids_and_keys_are_found_each_once_in_their_order() -> None:
    raw = f'{{"id": "{ID}", "root": "{ID}", "to": "storm-00ab-0007@example.org"}}'.encode()
    assert ids(raw) == (ID, "storm-00ab-0007")
