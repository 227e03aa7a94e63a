"""What a result backend stores, as Celery's own stores it."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from celery import Celery, states
from celery.backends.base import BaseKeyValueStoreBackend
from celery.result import result_from_tuple
from hypothesis import find, given, settings
from hypothesis import strategies as st
from stormproof.strategies import Meta, children, group_metas, stored_errors, task_metas, tracebacks
from stormproof.strategies.results import (
    custom_metas,
    failure_metas,
    pending_metas,
    retry_metas,
    revoked_metas,
    started_metas,
    success_metas,
)

_FEW = settings(max_examples=50, database=None)
_BROAD = settings(max_examples=500, database=None)
APP = Celery("strategies", broker="memory://", backend="cache+memory://", set_as_current=False)


def found(strategy: st.SearchStrategy[Any], is_so: Callable[[Any], bool]) -> Any:
    """Raises NoSuchExample where none is so."""
    return find(strategy, is_so, settings=_BROAD, random=Random(1))


OF_STATE: dict[str, st.SearchStrategy[Meta]] = {
    states.PENDING: pending_metas(),
    states.STARTED: started_metas(),
    states.RETRY: retry_metas(),
    states.SUCCESS: success_metas(),
    states.FAILURE: failure_metas(),
    states.REVOKED: revoked_metas(),
    "PROGRESS": custom_metas(),
}


@pytest.mark.parametrize("state", OF_STATE)
def test_a_state_is_drawn_by_itself_and_among_all(state: str) -> None:
    """With the time of its end where it has one."""
    for strategy in (OF_STATE[state], task_metas()):
        meta = found(strategy, lambda meta: meta["status"] == state)
        assert (meta["date_done"] is not None) == (state in states.READY_STATES)


@_FEW
@given(task_metas())
def test_a_document_has_the_fields_of_celerys_and_is_json(meta: Meta) -> None:
    """Those of every document, and some of those that `result_extended` adds."""
    backend = BaseKeyValueStoreBackend(app=APP)
    least = backend._get_result_meta(None, states.SUCCESS, None, None).keys() | {"task_id"}
    APP.conf.result_extended = True
    most = backend._get_result_meta(None, states.SUCCESS, None, _Request()).keys() | {"task_id"}
    APP.conf.result_extended = False
    assert least <= meta.keys() <= most
    assert json.loads(json.dumps(meta)) == meta


class _Request:
    """Of a task in a group, which another task has sent."""

    group, parent_id, task, hostname, retries = "a group", "a parent", "a task", "a host", 0
    args, kwargs, delivery_info, stamps, children = (), {}, {"routing_key": "celery"}, {}, ()


@_FEW
@given(group_metas())
def test_a_group_is_one_that_celery_restores(meta: Meta) -> None:
    """With all its members."""
    group = result_from_tuple(meta["result"], app=APP)
    assert (group.id, len(group.results)) == (meta["result"][0][0], len(meta["result"][1]))


@_FEW
@given(children())
def test_children_are_results_that_celery_restores(drawn: list[Any]) -> None:
    """With their parents."""
    for child in drawn:
        restored = result_from_tuple(child, app=APP)
        assert json.loads(json.dumps(restored.as_tuple())) == child


def test_errors_are_of_classes_that_a_reader_has_lacks_or_cannot_build() -> None:
    """And such as older releases stored."""
    for module in ("builtins", "no.such.module", None):
        found(stored_errors(), lambda error: error.get("exc_module") == module)
    found(stored_errors(), lambda error: "exc_module" not in error)
    found(stored_errors(), lambda error: isinstance(error["exc_message"], str))


def test_tracebacks_are_long_where_asked_for() -> None:
    """In lines, and in one line."""
    assert found(tracebacks(), lambda trace: trace is not None).startswith("Traceback (most recent call last):\n")
    found(tracebacks(heavy=True), lambda trace: trace is not None and trace.count("\n") > 10_000)
    found(tracebacks(heavy=True), lambda trace: trace is not None and max(map(len, trace.splitlines())) > 900_000)
    found(failure_metas(heavy=True), lambda meta: len(meta["traceback"] or "") > 100_000)
    with pytest.raises(Exception, match="No examples"):
        found(tracebacks(), lambda trace: len(trace or "") > 100_000)


def test_values_of_ones_own_are_what_tasks_return_and_say_of_themselves() -> None:
    """And nothing else is."""
    own = task_metas(st.just("own"))
    for state in (states.SUCCESS, "PROGRESS"):
        assert found(own, lambda meta: meta["status"] == state)["result"] == "own"
