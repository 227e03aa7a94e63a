"""What is promised of results, each as a function that raises AssertionError where the promise is broken: of one example, on one bench."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from typing import Any

from celery import Task, states
from celery.result import GroupResult
from endings import Bench, Raised, Reader, Returned, arrived, fate
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from in_process_worker import Ran
from known_results import is_known
from kombu.exceptions import DecodeError
from stormproof.serializers.codec import Fate
from stormproof.serializers.exact import difference
from stormproof.serializers.strategies.values import HEAVY, KINDS, values

Did = Returned | Raised
_LIGHT = sorted(set(KINDS) - HEAVY)


def returned() -> SearchStrategy[Any]:
    """What a task may return: each kind by itself as often as something nested of several."""
    return st.one_of(values(), st.sampled_from(_LIGHT).flatmap(KINDS.__getitem__))


def keeps_the_contract(on: Bench, did: Did) -> None:
    """It ends, and is read as it was, or the reader is told why not; but for what is known."""
    wrong = on.wrong(did)
    assert not wrong or is_known(on.serializer, wrong), f"{on.serializer}: {did}: {wrong}"


def keeps_its_traceback(on: Bench, case: str) -> None:
    """Whole, with its last line, which is what a person looks for."""
    run, last, least = TRACEBACKS[case]
    ran, ending = on.end(lambda _: run())
    assert (ran.error, ending.state) == (None, states.FAILURE)
    assert last in ending.traceback[-200:] and len(ending.traceback) >= least


def is_read_as_stored(on: Bench, meta: dict[str, Any]) -> None:
    """A document of any state, whoever stored it."""
    backend = on.worker.app.backend
    backend.client.set(backend.get_key_for_task(meta["task_id"]), backend.encode(meta), ex=60)
    ending = on.reader.read(meta["task_id"])
    assert (ending.error, ending.state) == (None, meta["status"])
    if ending.state == states.SUCCESS:
        assert difference(arrived(on.serializer, meta["result"]), ending.result) is None
    if ending.state in (states.FAILURE, states.REVOKED):
        assert isinstance(ending.result, BaseException) and ending.traceback == meta["traceback"]
        names = [
            kind.__qualname__ for kind in type(ending.result).__mro__
        ]  # Python makes a FileNotFoundError of an OSError.
        assert meta["result"]["exc_type"] in names or meta["result"]["exc_type"] in str(ending.result)


def is_restored_as_saved(on: Bench, meta: dict[str, Any]) -> None:
    """A group, with its members, and the members of those."""
    backend, group_id = on.reader.app.backend, meta["result"][0][0]
    backend._cache.clear()
    backend.client.set(backend.get_key_for_group(group_id), on.worker.app.backend.encode(meta), ex=60)
    found = GroupResult.restore(group_id, backend=backend, app=on.reader.app)
    assert difference(meta["result"], _as_lists(found.as_tuple())) is None


def ends_whatever_it_says(on: Bench, meta: Any) -> None:
    """A task that says `meta` by `update_state` goes on, or fails there. What cannot be read again is known to take its end."""

    def says(task: Task) -> str:
        task.update_state(state="PROGRESS", meta=meta)
        return "done"

    ran, ending = on.end(says)
    if fate(on.serializer, meta) is Fate.UNREADABLE:  # test_a_state_that_cannot_be_read_does_not_take_the_end
        assert isinstance(ran.error, DecodeError) and isinstance(ending.error, DecodeError)
    else:
        assert ran.error is None and ending.error is None
        assert ending.result == "done" or (ending.state == "FAILURE" and "EncodeError" in repr(ending.result))


def is_tried_again(on: Bench, error: BaseException) -> None:
    """RETRY is no end, and a state that is read."""

    def again(task: Task) -> None:
        raise task.retry(exc=error, countdown=60)

    ran, ending = on.end(again)
    assert ran == Ran(ran.task_id, ("acknowledged",), None)
    assert (ending.state, ending.error) == (states.RETRY, None)


def leaves_nothing(on: Bench, did: Did) -> None:
    """As `ignore_result` says; its message is acknowledged and its worker goes on."""
    ran, ending = on.end(did, ignore_result=True)
    assert ran == Ran(ran.task_id, ("acknowledged",), None)
    assert ending.state == states.PENDING


def is_told_or_reads_the_same(on: Bench, stranger: Reader, did: Did) -> None:
    """A reader that expects another serializer."""
    ran, ending = on.end(did)
    other = stranger.read(ran.task_id)
    if ending.error is None and other.error is None:
        assert (other.state, repr(other.result)) == (ending.state, repr(ending.result))
    else:
        assert isinstance(other.error, DecodeError)


def _as_lists(value: Any) -> Any:
    return [_as_lists(inner) for inner in value] if isinstance(value, list | tuple) else value


def _frames(count: int) -> None:
    """Recursion that Python's own listing cannot shorten, as two functions take turns."""

    def one(left: int) -> None:
        other(left - 1) if left else _fail()

    def other(left: int) -> None:
        one(left - 1) if left else _fail()

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(count + 1000)
    try:
        one(count)
    finally:
        sys.setrecursionlimit(limit)


def _fail() -> None:
    raise ValueError("at the bottom")


def _endless_recursion() -> None:
    _endless_recursion()


def _long_line() -> None:
    source = f"raise ValueError('at the bottom')  # {'y' * 3_000_000}\n"
    linecache.cache["<long>"] = (len(source), None, [source], "<long>")
    exec(compile(source, "<long>", "exec"), {})


TRACEBACKS: dict[str, tuple[Callable[[], None], str, int]] = {
    "the deepest recursion": (_endless_recursion, "RecursionError", 100),
    "10,000 frames": (lambda: _frames(10_000), "ValueError: at the bottom", 500_000),
    "a line of 3 MB": (_long_line, "ValueError: at the bottom", 3_000_000),
}
"""How a task fails; how its traceback ends; of how many characters it is at least."""
