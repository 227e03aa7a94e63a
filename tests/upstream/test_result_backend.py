"""Whatever a task returns or raises, it ends, and a reader is told how: Celery's Redis backend, on fakeredis and on a real Redis."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import result_contracts as contracts
from endings import Bench, Raised, Reader, Returned, bench
from hypothesis import given, settings
from hypothesis import strategies as st
from known_results import ALSO, KNOWN, shown_upstream
from result_stores import SERIALIZERS, Store, fake_redis, real_redis
from stormproof.serializers.strategies import exceptions, group_metas, task_metas
from stormproof.serializers.strategies.exceptions import HEAVY as HEAVY_EXCEPTIONS
from stormproof.serializers.strategies.exceptions import KINDS
from stormproof.serializers.strategies.values import HEAVY
from stormproof.serializers.strategies.values import KINDS as KINDS_OF_VALUES

_MOST = settings.default.max_examples if settings.default else 100
_SLOW = {"yaml": 4}
"""How much slower these encode; so many fewer examples are asked of them."""


@pytest.fixture(scope="module", params=["fake", "real"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A fake Redis for breadth, and a real one for truth."""
    with fake_redis() if request.param == "fake" else real_redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture(scope="module", params=SERIALIZERS)
def on(request: pytest.FixtureRequest, store: Store) -> Iterator[Bench]:
    """A worker and a reader that share a serializer."""
    with bench(store, request.param) as found:
        yield found


@pytest.fixture(scope="module", params=SERIALIZERS)
def late(request: pytest.FixtureRequest, store: Store) -> Iterator[Bench]:
    """The same; the worker acknowledges when a task has ended, tells of its start, keeps its request with the result, and compresses that."""
    conf = {"task_acks_late": True, "task_track_started": True, "result_extended": True, "result_compression": "gzip"}
    with bench(store, request.param, **conf) as found:
        yield found


@pytest.fixture(scope="module", params=SERIALIZERS)
def faked(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The first, on the fake Redis alone."""
    with fake_redis() as fake, bench(fake, request.param) as found:
        yield found


def ask(on: Bench, store: Store, examples: st.SearchStrategy[Any], holds: Callable[[Any], None], part: int = 1) -> None:
    """Of the profile's examples, or a part of them; of a real Redis a third of those."""
    divisor = part * _SLOW.get(on.serializer, 1) * (3 if store.name == "real" else 1)
    settings(max_examples=max(5, _MOST // divisor))(given(examples)(holds))()


def bears_megabytes(on: Bench) -> None:
    """YAML takes seconds for each."""
    if on.serializer in _SLOW and os.environ.get("HYPOTHESIS_PROFILE", "ci") == "ci":
        pytest.skip(f"{on.serializer} takes seconds for a megabyte: HYPOTHESIS_PROFILE=deep")


def test_whatever_a_task_returns_is_read_or_refused(on: Bench, store: Store) -> None:
    """The value that was returned, up to what the serializer changes, or a FAILURE that says why not."""
    ask(on, store, contracts.returned().map(Returned), lambda did: contracts.keeps_the_contract(on, did))


@pytest.mark.parametrize("kind", sorted(HEAVY))
def test_large_and_deep_results_are_read_or_refused(on: Bench, kind: str) -> None:
    """A megabyte, and a thousand levels."""
    bears_megabytes(on)
    made = KINDS_OF_VALUES[kind].map(Returned)
    settings(max_examples=3)(given(made)(lambda did: contracts.keeps_the_contract(on, did)))()


def test_whatever_a_task_raises_is_a_failure_that_names_it(on: Bench, store: Store) -> None:
    """However it is built: type, arguments and traceback are there."""
    ask(on, store, exceptions().map(Raised), lambda did: contracts.keeps_the_contract(on, did))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_exception_is_a_failure_that_names_it(faked: Bench, kind: str) -> None:
    """None is left out by chance."""
    if kind in HEAVY_EXCEPTIONS:
        bears_megabytes(faked)
    made = KINDS[kind]().map(Raised)
    settings(max_examples=3)(given(made)(lambda did: contracts.keeps_the_contract(faked, did)))()


@pytest.mark.parametrize("case", contracts.TRACEBACKS)
def test_a_traceback_is_kept_whole_whatever_its_size(on: Bench, case: str) -> None:
    """Ten thousand frames, the deepest recursion, and a line of three megabytes."""
    bears_megabytes(on)
    contracts.keeps_its_traceback(on, case)


def test_what_any_state_says_is_read(on: Bench, store: Store) -> None:
    """Every document that Celery's backends write, whichever release wrote it."""
    ask(on, store, task_metas(), lambda meta: contracts.is_read_as_stored(on, meta), part=2)


def test_a_saved_group_is_restored_as_it_was(on: Bench, store: Store) -> None:
    """Its members, and the members of those."""
    ask(on, store, group_metas(), lambda meta: contracts.is_restored_as_saved(on, meta), part=2)


def test_a_late_acknowledgement_is_sent_whatever_the_outcome(late: Bench, store: Store) -> None:
    """A message that nobody acknowledges comes back when the visibility timeout is over, and is run again."""
    did = exceptions().map(Raised) | contracts.returned().map(Returned)
    ask(late, store, did, lambda did: contracts.keeps_the_contract(late, did), part=4)


def test_what_a_task_says_of_itself_does_not_take_its_end(on: Bench, store: Store) -> None:
    """`update_state` with anything: the task goes on, or fails there; it ends."""
    ask(on, store, contracts.returned(), lambda meta: contracts.ends_whatever_it_says(on, meta), part=2)


def test_a_retry_is_read_with_its_reason(on: Bench, store: Store) -> None:
    """Whatever it is tried again for. What is known of the kinds that are left out is known of their failures, too."""
    known = {"ending its reader", "lying to pickle", "odd arguments", "arguments that are no text"}
    kinds = sorted(set(KINDS) - known - HEAVY_EXCEPTIONS)
    ask(on, store, exceptions(kinds), lambda error: contracts.is_tried_again(on, error), part=2)


def test_a_result_that_is_ignored_leaves_nothing_and_ends(on: Bench, store: Store) -> None:
    """Neither of what succeeds nor of what fails."""
    kinds = sorted(set(KINDS) - {"memory error"} - HEAVY_EXCEPTIONS)
    did = exceptions(kinds).map(Raised) | contracts.returned().map(Returned)
    ask(on, store, did, lambda did: contracts.leaves_nothing(on, did), part=4)


@pytest.mark.parametrize("expected", SERIALIZERS)
def test_a_reader_of_another_serializer_is_told_so(on: Bench, store: Store, expected: str) -> None:
    """By DecodeError, and not by another value: but for YAML, which reads JSON nearly (and is known for it)."""
    if expected == on.serializer or (on.serializer, expected) == ("json", "yaml"):
        return
    with store.app(expected) as app:
        stranger = Reader(app)
        did = exceptions().map(Raised) | contracts.returned().map(Returned)
        ask(on, store, did, lambda did: contracts.is_told_or_reads_the_same(on, stranger, did), part=20)


def test_everything_known_is_shown_by_a_test_of_its_own() -> None:
    """So that a mend upstream is noticed, and the list gets shorter."""
    assert {name for known in (KNOWN, *ALSO.values()) for name in known.values()} <= shown_upstream()
