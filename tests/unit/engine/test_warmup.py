"""What is said of a system whose first task does not end, or is not the one that the answer names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from stormproof.drivers.driver import Reply
from stormproof.drivers.http.answers import Answer
from stormproof.drivers.http.driver import HttpDriver
from stormproof.engine import experiment
from stormproof.history import Probe
from stormproof.history.recorder import Picture

TOLD = Reply(outcome="ok", document=Answer(202, None, b'{"order": 17, "job": {"id": "abc"}}'))
EMPTY = Reply(outcome="ok", document=Answer(202, None, b"{}"))


def world(*events: tuple[str, str, str]) -> Any:
    picture = Picture()
    for word, task_id, key in events:
        picture.add(Probe(t=1.0, component="w", pid=2, parent=1, word=word, task_id=task_id, key=key))  # type: ignore[arg-type]
    driver = HttpDriver(None, None, str)  # type: ignore[arg-type]
    return SimpleNamespace(picture=picture, driver=driver)


def test_the_task_that_ran_in_place_of_the_one_with_the_id_is_found() -> None:
    assert experiment._another(world(("started", "abc", "k")), "k", "17", EMPTY) == "abc"
    by_answer = world(("started", "abc", ""))
    assert experiment._another(by_answer, "k", "17", TOLD) == "abc"
    assert experiment._another(by_answer, "k", "17", EMPTY) == ""
    assert experiment._another(by_answer, "k", "17", None) == ""
    assert experiment._another(world(("received", "17", "k"), ("started", "abc", "k")), "k", "17", TOLD) == ""


def test_a_driver_that_cannot_read_an_answer_finds_nothing_in_it() -> None:
    there = world(("started", "abc", ""))
    there.driver = SimpleNamespace()
    assert experiment._another(there, "k", "17", TOLD) == ""


def test_the_list_in_which_a_message_waits_for_nobody_is_named() -> None:
    lists = ["'elsewhere' in database 0 of redis.broker", "'other' in database 2 of redis.broker"]
    assert experiment._of_unread([]) == ""
    assert experiment._of_unread(lists[:1]) == (
        "a message waits in the list 'elsewhere' in database 0 of redis.broker, which no worker reads; have a worker read that queue, or "
        "publish to one that it reads"
    )
    assert "of redis.broker (and 1 more), which no worker reads" in experiment._of_unread(lists)
