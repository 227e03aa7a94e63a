"""What Celery does with values and canvases on their way into a message. Each test says what should be; when a new Celery does it, it
turns red.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import celery
import pytest
from kombu.exceptions import EncodeError
from kombu.utils import json as kombu_json
from round_trip import form
from sending import Program, program, read

MANY_DIGITS = 10**4300


@pytest.fixture
def sender() -> Iterator[Program]:
    """A program whose queue is looked into."""
    with program() as it:
        yield it


def task(name: str) -> Any:
    return celery.Signature(name)


def back(canvas: Any) -> Any:
    """A canvas that has been within a message."""
    return celery.signature(kombu_json.loads(kombu_json.dumps(canvas)))


def called(sent: dict[str, Any], place: str) -> list[str]:
    return [callback["task"] for callback in sent[place] or []]


@pytest.mark.xfail(
    strict=True, raises=ValueError, reason="the message's argsrepr, which is for logs, is made by repr()"
)
def test_an_integer_that_cannot_be_logged_is_sent_all_the_same(sender: Program) -> None:
    """Pickle has no trouble with it."""
    sender.send("pickle", MANY_DIGITS)
    assert read(sender.taken()[0]).args == (MANY_DIGITS,)


@pytest.mark.xfail(strict=True, raises=ValueError, reason="argsrepr fails before the encoder can refuse")
def test_an_integer_that_json_refuses_is_refused_as_other_values_are(sender: Program) -> None:
    """By EncodeError, which callers expect."""
    with pytest.raises(EncodeError):
        sender.send("json", MANY_DIGITS)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="chain.from_dict() drops whether it is immutable")
def test_a_chain_that_was_immutable_is_so_when_it_comes_back() -> None:
    """As a callback it is handed what the task before returned, as one argument too many for its first task."""
    assert back(celery.chain(task("a"), task("b")).set(immutable=True)).immutable


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="prepare_steps() takes the tasks of an inner chain and leaves its options",
)
@pytest.mark.parametrize("place", ["link", "link_error"])
def test_a_chain_in_a_chain_keeps_its_callbacks(sender: Program, place: str) -> None:
    """`on_error` of an inner chain is never called."""
    inner = celery.chain(task("a"), task("b")).set(**{place: [task("called")]})
    celery.chain(inner).apply_async()
    assert "called" in sender.taken()[0].body.decode()


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="a group hands its callback to its tasks in place of theirs"
)
def test_a_task_keeps_its_callback_in_a_group_in_a_chain_with_a_callback(sender: Program) -> None:
    """The task's own callback is never called; of errbacks both are."""
    group = celery.group([task("a").set(link=[task("of a")]), task("b")])
    celery.chain(group).set(link=[task("of all")]).apply_async()
    assert "of a" in called(read(sender.taken()[0]).embed, "callbacks")


@pytest.mark.xfail(strict=True, raises=IndexError, reason="group.link() asks for the first of its tasks")
def test_a_chain_of_an_empty_group_with_a_callback_can_be_chained() -> None:
    """A group of what is to be done today, on a day with nothing to do."""
    nothing_to_do = celery.chain(celery.group([])).set(link=[task("a")])
    assert form(celery.chain(task("b"), nothing_to_do))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="maps have no subtask_type, and come back as celery.map")
def test_a_map_that_comes_back_is_routed_as_the_task_that_it_maps(sender: Program) -> None:
    """By itself it is; within a chain, or as a callback, it goes to the queue of all the rest."""
    sender.app.conf.task_routes = {"a": {"queue": "of a"}}
    back(celery.xmap(task("a"), [1])).apply_async()
    assert not sender.taken()
