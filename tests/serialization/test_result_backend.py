"""Whatever a task returns or raises, it ends, and a reader is told how: Celery's Redis backend, on fakeredis and on a real Redis."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Task, states
from celery.result import GroupResult
from endings import Bench, Raised, Returned, arrived, bench
from hypothesis import given, settings
from in_process_worker import Ran
from known_results import KNOWN, OF, shown_upstream
from kombu.exceptions import DecodeError
from result_stores import SERIALIZERS, Store, fake_redis, real_redis
from stormproof.codec import Fate, through
from stormproof.sameness import difference
from stormproof.strategies import exceptions, group_metas, task_metas, values
from stormproof.strategies.exceptions import HEAVY as HEAVY_EXCEPTIONS
from stormproof.strategies.exceptions import KINDS
from stormproof.strategies.values import HEAVY
from stormproof.strategies.values import KINDS as KINDS_OF_VALUES

_MOST = settings.default.max_examples if settings.default else 100
SLOW = {"yaml": 4}
"""How much slower these encode; so many fewer examples are asked of them."""


def fewer(serializer: str, divisor: int = 1) -> settings:
    """The profile's examples, or a part of them."""
    return settings(max_examples=max(5, _MOST // divisor // SLOW.get(serializer, 1)))


@pytest.fixture(scope="module", params=["fake", "real"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A Redis, and the fake one."""
    with fake_redis() if request.param == "fake" else real_redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture(scope="module", params=SERIALIZERS)
def on(request: pytest.FixtureRequest, store: Store) -> Iterator[Bench]:
    """A worker and a reader that share a serializer."""
    with bench(store, request.param) as found:
        yield found


def bears_megabytes(on: Bench) -> None:
    """YAML takes seconds for each."""
    if on.serializer in SLOW and os.environ.get("HYPOTHESIS_PROFILE", "ci") == "ci":
        pytest.skip(f"{on.serializer} takes seconds for a megabyte: HYPOTHESIS_PROFILE=deep")


def keeps_the_contract(on: Bench, did: Returned | Raised, **options: Any) -> None:
    """But for what is known of the serializer."""
    wrong = on.wrong(did, **options)
    assert not wrong or wrong in OF[on.serializer], f"{on.serializer}: {did}: {wrong}"


def test_whatever_a_task_returns_is_read_or_refused(on: Bench) -> None:
    """The value that was returned, up to what the serializer changes, or a FAILURE that says why not."""

    @fewer(on.serializer)
    @given(values())
    def every(value: Any) -> None:
        keeps_the_contract(on, Returned(value))

    every()


@pytest.mark.parametrize("kind", sorted(HEAVY))
def test_large_and_deep_results_are_read_or_refused(on: Bench, kind: str) -> None:
    """A megabyte, and a thousand levels."""
    bears_megabytes(on)

    @settings(max_examples=3)
    @given(KINDS_OF_VALUES[kind])
    def every(value: Any) -> None:
        keeps_the_contract(on, Returned(value))

    every()


def test_whatever_a_task_raises_is_a_failure_that_names_it(on: Bench) -> None:
    """However it is built: type, arguments and traceback are there."""

    @fewer(on.serializer)
    @given(exceptions())
    def every(error: BaseException) -> None:
        keeps_the_contract(on, Raised(error))

    every()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_exception_is_a_failure_that_names_it(on: Bench, kind: str) -> None:
    """None is left out by chance."""
    if kind in HEAVY_EXCEPTIONS:
        bears_megabytes(on)

    @settings(max_examples=2)
    @given(KINDS[kind]())
    def every(error: BaseException) -> None:
        keeps_the_contract(on, Raised(error))

    every()


def _frames(count: int) -> Any:
    """Recursion that Python's own listing cannot shorten, as two functions take turns."""

    def one(left: int) -> None:
        other(left - 1) if left else _fail()

    def other(left: int) -> None:
        one(left - 1) if left else _fail()

    import sys

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
    import linecache

    source = f"raise ValueError('at the bottom')  # {'y' * 3_000_000}\n"
    linecache.cache["<long>"] = (len(source), None, [source], "<long>")
    exec(compile(source, "<long>", "exec"), {})


TRACEBACKS: dict[str, tuple[Callable[[], None], str, int]] = {
    "10,000 frames": (lambda: _frames(10_000), "ValueError: at the bottom", 500_000),
    "the deepest recursion": (_endless_recursion, "RecursionError", 100),
    "a line of 3 MB": (_long_line, "ValueError: at the bottom", 3_000_000),
}


@pytest.mark.parametrize("case", TRACEBACKS)
def test_a_traceback_is_kept_whole_whatever_its_size(on: Bench, case: str) -> None:
    """Its last line is what a person looks for."""
    bears_megabytes(on)
    run, last, least = TRACEBACKS[case]
    ran, ending = on.end(lambda _: run())
    assert (ran.error, ending.state) == (None, states.FAILURE)
    assert last in ending.traceback[-200:] and len(ending.traceback) >= least


def test_what_any_state_says_is_read(on: Bench) -> None:
    """Every document that Celery's backends write, whichever release wrote it."""
    with on.reader.app.backend.client as client:

        @fewer(on.serializer, 2)
        @given(task_metas())
        def every(meta: dict[str, Any]) -> None:
            key = on.reader.app.backend.get_key_for_task(meta["task_id"])
            client.set(key, on.reader.app.backend.encode(meta), ex=60)
            ending = on.reader.read(meta["task_id"])
            assert ending.error is None and ending.state == meta["status"]
            if ending.state == states.SUCCESS:
                assert difference(arrived(on.serializer, meta["result"]), ending.result) is None
            if ending.state in (states.FAILURE, states.REVOKED):
                assert isinstance(ending.result, BaseException) and ending.traceback == meta["traceback"]
                assert meta["result"]["exc_type"] in f"{type(ending.result).__qualname__} {ending.result}"

        every()


def test_a_saved_group_is_restored_as_it_was(on: Bench) -> None:
    """Its members, and the members of those."""
    backend = on.reader.app.backend

    @fewer(on.serializer, 2)
    @given(group_metas())
    def every(meta: dict[str, Any]) -> None:
        backend._cache.clear()
        group_id = meta["result"][0][0]
        backend.client.set(backend.get_key_for_group(group_id), backend.encode(meta), ex=60)
        found = GroupResult.restore(group_id, backend=backend, app=on.reader.app)
        assert difference(meta["result"], _as_lists(found.as_tuple())) is None

    every()


def _as_lists(value: Any) -> Any:
    return [_as_lists(inner) for inner in value] if isinstance(value, list | tuple) else value


@pytest.fixture(scope="module", params=SERIALIZERS)
def late(request: pytest.FixtureRequest, store: Store) -> Iterator[Bench]:
    """Messages are acknowledged when the task has ended; starts are told, and the request is kept with the result."""
    conf = {"task_acks_late": True, "task_track_started": True, "result_extended": True}
    with bench(store, request.param, **conf) as found:
        yield found


def test_a_late_acknowledgement_is_sent_whatever_the_outcome(late: Bench) -> None:
    """A message that nobody acknowledges comes back when the visibility timeout is over, and is run again."""

    @fewer(late.serializer, 2)
    @given(exceptions().map(Raised) | values().map(Returned))
    def every(did: Returned | Raised) -> None:
        keeps_the_contract(late, did)

    every()


def test_what_a_task_says_of_itself_does_not_take_its_end(on: Bench) -> None:
    """`update_state` with anything: the task goes on, or fails there; it ends. What cannot be read ever after is known."""

    @fewer(on.serializer)
    @given(values())
    def every(meta: Any) -> None:
        def says(task: Task) -> str:
            task.update_state(state="PROGRESS", meta=meta)
            return "done"

        ran, ending = on.end(says)
        if (
            through(on.serializer, meta).fate is Fate.UNREADABLE
        ):  # test_a_state_that_cannot_be_read_does_not_take_the_end
            assert isinstance(ran.error, DecodeError) and isinstance(ending.error, DecodeError)
        else:
            assert ran.error is None and ending.error is None
            assert ending.result == "done" or (ending.state == "FAILURE" and "EncodeError" in repr(ending.result))

    every()


# What is known of these is known of their failures, too.
_RETRIED = set(KINDS) - {
    "ending its reader",
    "lying to pickle",
    "odd arguments",
    "arguments that are no text",
    *HEAVY_EXCEPTIONS,
}


def test_a_retry_is_read_with_its_reason(on: Bench) -> None:
    """RETRY is no end, and a state that is read, whatever it is tried again for."""

    @fewer(on.serializer, 2)
    @given(exceptions(sorted(_RETRIED)))
    def every(error: BaseException) -> None:
        def again(task: Task) -> None:
            raise task.retry(exc=error, countdown=60)

        ran, ending = on.end(again)
        assert ran == Ran(ran.task_id, ("acknowledged",), None)
        assert (ending.state, ending.error) == ("RETRY", None)

    every()


def test_a_result_that_is_ignored_leaves_nothing_and_ends(on: Bench) -> None:
    """That is what `ignore_result` says; its message is acknowledged and its worker goes on."""

    @fewer(on.serializer, 4)
    @given(exceptions(set(KINDS) - {"memory error"}).map(Raised) | values().map(Returned))
    def every(did: Returned | Raised) -> None:
        ran, ending = on.end(did, ignore_result=True)
        assert ran == Ran(ran.task_id, ("acknowledged",), None)
        assert ending.state == "PENDING"

    every()


def test_everything_known_is_shown_by_a_test_of_its_own() -> None:
    """So that a mend upstream is noticed, and the list gets shorter."""
    named = {name for names in KNOWN.values() for name in names}
    assert named <= shown_upstream()
