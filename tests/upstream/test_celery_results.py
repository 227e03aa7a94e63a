"""What Celery makes of results and exceptions that it should store, refuse or tell. Each test says what should be; when a new Celery does it, it
turns red. `test_real_worker.py` has the worst of them happen in a real worker.
"""

from __future__ import annotations

import decimal
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from celery import Task, states
from celery.exceptions import Ignore, TaskRevokedError
from celery.result import AsyncResult
from endings import Bench, Ending, Raised, Returned, bench
from in_process_worker import Ran
from result_stores import Store, fake_redis, real_redis
from stormproof.serializers.strategies import exception_classes as classes

Benches = Callable[..., Bench]
BROKEN_ENVELOPE = {"__type__": "no such", "__value__": 1}
"""JSON writes it, as any other mapping, and cannot read it: it looks like what kombu makes of a `datetime`."""


@pytest.fixture
def store() -> Iterator[Store]:
    with fake_redis() as found:
        yield found


@pytest.fixture
def on(store: Store) -> Iterator[Benches]:
    """A worker and a reader, by their serializer and the worker's configuration."""
    opened: list[AbstractContextManager[Bench]] = []

    def open_bench(serializer: str = "json", **conf: Any) -> Bench:
        opened.append(bench(store, serializer, **conf))
        return opened[-1].__enter__()

    yield open_bench
    for one in opened:
        one.__exit__(None, None, None)


def failure(found: tuple[Ran, Ending]) -> Any:
    """The exception that its reader is told of."""
    assert (found[1].state, found[1].error) == (states.FAILURE, None)
    return found[1].result


def told(meta: Any, state: str = "PROGRESS") -> Callable[[Task], str]:
    """A task that says something of itself, and then returns "done"."""

    def says(task: Task) -> str:
        task.update_state(state=state, meta=meta)
        return "done"

    return says


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="exceptions are built again of their args, by worker and reader"
)
@pytest.mark.parametrize("serializer", ["json", "pickle"])
def test_a_message_that_an_exception_makes_is_made_once(on: Benches, serializer: str) -> None:
    """`code 5` is read as `code code 5`."""
    assert str(failure(on(serializer).end(Raised(classes.FormattedError(5))))) == "code 5"


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="the worker pickles and unpickles each exception to see whether it can"
)
def test_raising_an_exception_builds_it_once(on: Benches) -> None:
    """A class that counts itself, or reports to somewhere, does so again for each look at it."""
    error = classes.CountingError()
    before = classes.CountingError.built
    on().worker.run(Raised(error))
    assert classes.CountingError.built == before


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="exception_to_python() asks `if not exc`")
@pytest.mark.parametrize("serializer", ["json", "pickle"])
def test_an_exception_that_passes_for_false_is_read(on: Benches, serializer: str) -> None:
    """As a collection of errors is while it has none: the result is None, and `get()` raises RuntimeError, as there is nothing to raise."""
    assert isinstance(failure(on(serializer).end(Raised(classes.EmptyError()))), classes.EmptyError)


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="the worker's main process stores these, and without their traceback"
)
@pytest.mark.parametrize("kind", [classes.Stop, GeneratorExit, KeyboardInterrupt])
def test_the_traceback_of_what_is_no_exception_is_kept(on: Benches, kind: type[BaseException]) -> None:
    """`asyncio.CancelledError` is one: nobody is told where it came from."""
    assert "Raised" in str(on().end(Raised(kind()))[1].traceback)


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="Request.on_failure() raises MemoryError out of the main process' loop"
)
def test_a_memory_error_of_a_task_does_not_end_its_worker(on: Benches) -> None:
    """Its pool process has caught it and goes on; the worker, with all else that runs in it, ends; where the message was to be acknowledged
    late it comes back, and ends the next.
    """
    assert on().worker.run(Raised(MemoryError("no room"))).error is None


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="get_pickleable_exception() catches Exception only, around foreign code"
)
def test_asking_whether_an_exception_can_be_pickled_ends_no_process(on: Benches) -> None:
    """The pool process ends, and who reads is told so, and not of the exception."""
    assert "EndingError" in repr(failure(on().end(Raised(classes.EndingError(1)))))


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="prepare_exception() raises, and what it raised is stored instead"
)
@pytest.mark.parametrize("kind", [classes.HiddenError, classes.ArgumentlessError])
def test_an_exception_whose_arguments_cannot_be_read_is_named(on: Benches, kind: type[Exception]) -> None:
    """Only the traceback tells of it."""
    assert kind.__name__ in repr(failure(on().end(Raised(kind("x")))))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="what comes back of pickle is not looked at")
@pytest.mark.parametrize("reduced", [(str, ("no exception",)), (classes.nothing, ()), (ValueError, ("another",))])
def test_what_pickle_makes_of_an_exception_is_an_exception(on: Benches, reduced: Any) -> None:
    """It is a text, and then the state cannot be read either; or nothing; or another."""
    found = on("pickle").end(Raised(classes.ReducedError(reduced)))
    assert "ReducedError" in repr(failure(found))


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="what cannot be encoded is stored as EncodeError, without a traceback",
)
def test_the_traceback_of_a_message_with_half_a_character_is_kept(on: Benches) -> None:
    """Where results are msgpack: file names of Linux are such texts."""
    assert "ValueError" in str(on("msgpack").end(Raised(ValueError("\udcff")))[1].traceback)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="nothing decodes what was encoded before it is stored")
@pytest.mark.parametrize(
    ("serializer", "value"), [("json", BROKEN_ENVELOPE), ("msgpack", {1: 2}), ("yaml", {(1, 2): 3})]
)
def test_a_result_that_cannot_be_read_is_no_success(on: Benches, serializer: str, value: Any) -> None:
    """Whoever asks for its state, too, gets a DecodeError, and whoever waits waits for ever."""
    found = on(serializer).end(Returned(value))
    assert found[1].error is None


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="_store_result() reads what is there before it writes")
@pytest.mark.parametrize(("serializer", "meta"), [("json", BROKEN_ENVELOPE), ("msgpack", {1: 2})])
def test_a_state_that_cannot_be_read_does_not_take_the_end(on: Benches, serializer: str, meta: Any) -> None:
    """The task ends well, and neither that nor any failure can ever be stored."""
    assert on(serializer).worker.run(told(meta)).error is None


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="update_state(state=FAILURE) stores what only an exception may be"
)
def test_a_task_may_call_itself_a_failure(on: Benches) -> None:
    """With a mapping, as every other state takes one: the state cannot be read, and the task's own end cannot be stored."""

    def says(task: Task) -> None:
        task.update_state(state="FAILURE", meta={"why": "because"})
        raise Ignore

    assert on().end(says)[1].error is None


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="a SUCCESS is never overwritten, whoever wrote it")
def test_a_task_that_fails_is_a_failure_whatever_it_has_said(on: Benches) -> None:
    """It called itself a success, and then raised."""

    def says(task: Task) -> None:
        task.update_state(state="SUCCESS", meta="nearly")
        raise ValueError("not quite")

    assert on().end(says)[1].state == states.FAILURE


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="result_extended stores the arguments with every state, also of failures",
)
def test_arguments_that_a_result_cannot_hold_do_not_take_the_end(on: Benches) -> None:
    """Messages are JSON, with a Decimal, and results YAML: the task succeeds and has no end."""
    found = on("yaml", result_extended=True).end(Returned(1), args=(decimal.Decimal(1),))
    assert found[1].state in states.READY_STATES


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="a state is decoded together with the exception")
def test_the_state_of_a_failure_can_be_read_by_who_lacks_its_class(on: Benches) -> None:
    """Where results are pickled, and the reader has not the worker's code."""
    of_the_worker = types.ModuleType("of_the_worker")
    of_the_worker.OwnError = classes.foreign_class("OwnError", "of_the_worker")  # type: ignore[attr-defined]
    both = on("pickle")
    sys.modules["of_the_worker"] = of_the_worker
    try:
        ran = both.worker.run(Raised(of_the_worker.OwnError("x")))
    finally:
        del sys.modules["of_the_worker"]
    assert both.reader.read(ran.task_id).state == states.FAILURE


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="what is stored does not say by which serializer, and YAML reads JSON nearly",
)
def test_a_reader_of_another_serializer_is_told_so(on: Benches) -> None:
    """A picture of a cat becomes two halves of characters, a date becomes a mapping."""
    ran = on("json").worker.run(Returned("\U0001f431"))
    assert on("yaml").reader.read(ran.task_id).result in (None, "\U0001f431")


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="a revocation that was read is kept in a buffer, and handed out again"
)
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_who_was_told_of_a_revocation_is_told_of_what_comes_after(on: Benches) -> None:
    """A task expires, and is sent again by its id: `get()` in the same process says for ever that it was revoked."""
    both = on()
    both.worker.app.backend.mark_as_revoked("an id", "expired")
    assert isinstance(AsyncResult("an id", app=both.reader.app).get(timeout=5, propagate=False), TaskRevokedError)
    both.worker.run(Returned("done"), task_id="an id")
    assert AsyncResult("an id", app=both.reader.app).get(timeout=5, propagate=False) == "done"


@pytest.mark.xfail(
    strict=True, raises=DeprecationWarning, reason="the backend stores by SETEX, which redis-py 8 advises against"
)
def test_storing_a_result_warns_of_nothing(on: Benches) -> None:
    """Where warnings are errors, no task ends."""
    backend = on().worker.app.backend
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backend.store_result("an id", 1, states.SUCCESS)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with real_redis(tmp_path_factory.mktemp("redis"), proto_max_bulk_len="1mb") as found:
        yield found


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="the server's refusal is taken for a lost connection, and tried twenty times more",
)
def test_a_result_that_is_too_large_is_a_failure_that_says_so(real: Store) -> None:
    """The limit is the server's; Celery looks at 512 MB of text only. The reader is told of a connection that was reset."""
    with bench(real, "json") as both:
        assert "large" in repr(failure(both.end(Returned("x" * (4 << 20)))).args)


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="a refusal for the lack of memory is neither tried again nor kept for later",
)
def test_a_task_that_ends_while_its_store_is_full_has_an_end(real: Store) -> None:
    """Not even when there is room again: its message is acknowledged, and it stays PENDING for ever."""
    with bench(real, "json") as both, real.client() as client:
        client.config_set("maxmemory", "1")
        try:
            ran = both.worker.run(Returned(1))
        finally:
            client.config_set("maxmemory", "0")
        assert both.reader.read(ran.task_id).state == states.SUCCESS


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="Request.on_failure() acknowledges, and then stores")
def test_a_late_acknowledgement_comes_after_the_outcome_is_stored(real: Store) -> None:
    """Outcome and message are both gone: nobody runs the task again."""
    with bench(real, "json", task_acks_late=True) as both, real.client() as client:
        client.config_set("maxmemory", "1")
        try:
            ran = both.worker.run(Returned(1))
        finally:
            client.config_set("maxmemory", "0")
        assert "acknowledged" not in ran.settled
