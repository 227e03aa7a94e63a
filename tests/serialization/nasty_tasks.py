"""A few dozen of the nastiest things that a task can do, by name: for a worker in this process, and for a real one."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

from celery import Task
from celery.exceptions import Ignore, Reject
from stormproof.serializers.strategies import exception_classes as classes

Body = Callable[[Task], Any]


def returns(make: Callable[[], Any]) -> Body:
    return lambda _: make()


def raises(make: Callable[[], BaseException]) -> Body:
    def body(_: Task) -> None:
        raise make()

    return body


def says(meta: Any, state: str = "PROGRESS", then: BaseException | None = None) -> Body:
    def body(task: Task) -> str:
        task.update_state(state=state, meta=meta)
        if then is not None:
            raise then
        return "done"

    return body


def _again(task: Task) -> None:
    raise task.retry(exc=classes.UnpassedError(1, "x"), countdown=3600)


def _raised_from(_: Task) -> None:
    try:
        raise KeyError("first")
    except KeyError as error:
        raise classes.WordlessError("second") from error


def _deep(depth: int) -> list[Any]:
    nest: list[Any] = []
    for _ in range(depth):
        nest = [nest]
    return nest


BROKEN_ENVELOPE = {"__type__": "no such", "__value__": 1}

NASTY: dict[str, Body] = {
    "returns nothing": returns(lambda: None),
    "returns NaN": returns(lambda: math.nan),
    "returns half a character": returns(lambda: "\ud800"),
    "returns a tuple": returns(lambda: (1, (2,))),
    "returns a mapping by integer": returns(lambda: {1: 2}),
    "returns a set": returns(lambda: {1}),
    "returns an integer of 70 bits": returns(lambda: 2**70),
    "returns an object": returns(object),
    "returns a lock": returns(threading.Lock),
    "returns a function": returns(lambda: lambda: None),
    "returns an exception": returns(lambda: ValueError("returned")),
    "returns 1,000 levels": returns(lambda: _deep(1000)),
    "returns a broken envelope": returns(lambda: BROKEN_ENVELOPE),
    "returns a megabyte": returns(lambda: "x" * (1 << 20)),
    "raises an ordinary error": raises(lambda: ValueError("x")),
    "raises from another, without words": _raised_from,
    "raises unpassed arguments": raises(lambda: classes.UnpassedError(1, "x")),
    "raises keyword arguments": raises(lambda: classes.KeywordError(code=1)),
    "raises a formatted message": raises(lambda: classes.FormattedError(5)),
    "raises what passes for false": raises(classes.EmptyError),
    "raises what is frozen": raises(lambda: classes.FrozenError(1)),
    "raises what has no repr": raises(lambda: classes.ShapelessError("x")),
    "raises hidden arguments": raises(lambda: classes.HiddenError("x")),
    "raises a lock": raises(lambda: ValueError(threading.Lock())),
    "raises half a character": raises(lambda: ValueError("\ud800")),
    "raises of a class made there": raises(lambda: classes.local_class("MadeThere")("x")),
    "raises a group": raises(lambda: ExceptionGroup("several", [ValueError(1), classes.UnpassedError(1, "x")])),
    "raises what pickles to a text": raises(lambda: classes.ReducedError((str, ("x",)))),
    "raises what pickles to nothing": raises(lambda: classes.ReducedError((classes.nothing, ()))),
    "raises what cannot be pickled": raises(lambda: classes.ReducedError(RecursionError())),
    "raises no exception": raises(lambda: classes.Stop("x")),
    "raises GeneratorExit": raises(GeneratorExit),
    "raises a retry": _again,
    "is ignored": raises(Ignore),
    "is rejected": raises(lambda: Reject("x", requeue=False)),
    "says what can be read": says({"done": 1}),
    "says what cannot be encoded": says(object()),
    "says a broken envelope": says(BROKEN_ENVELOPE),
    "says a mapping by integer": says({1: 2}),
    "calls itself a failure": says({"why": 1}, "FAILURE"),
    "calls itself a success and fails": says(1, "SUCCESS", ValueError("x")),
}

LAST = {"raises MemoryError": raises(lambda: MemoryError("no room"))}
"""It ends the worker."""
