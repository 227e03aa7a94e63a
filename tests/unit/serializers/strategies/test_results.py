"""What a result backend stores, as Celery's own stores it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from celery import Celery, states
from celery.backends.base import BaseKeyValueStoreBackend
from celery.result import result_from_tuple
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from stormproof.serializers.strategies import Meta, children, group_metas, stored_errors, task_metas, tracebacks
from stormproof.serializers.strategies.results import (
    custom_metas,
    failure_metas,
    pending_metas,
    retry_metas,
    revoked_metas,
    started_metas,
    success_metas,
)

_FEW = settings(max_examples=50, database=None)
APP = Celery("strategies", broker="memory://", backend="cache+memory://", set_as_current=False)
ENOUGH = settings(
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=300,
    phases=[Phase.generate],  # What is found need not be small, nor be printed.
    suppress_health_check=list(HealthCheck),
)


def drawn(strategy: st.SearchStrategy[Any]) -> list[Any]:
    """The same each time."""
    found: list[Any] = []
    ENOUGH(given(strategy)(lambda example: found.append(example)))()  # noqa: PLW0108 - Hypothesis wants a function.
    return found


OF_STATE: dict[str, st.SearchStrategy[Meta]] = {
    states.PENDING: pending_metas(),
    states.STARTED: started_metas(),
    states.RETRY: retry_metas(),
    states.SUCCESS: success_metas(),
    states.FAILURE: failure_metas(),
    states.REVOKED: revoked_metas(),
    "PROGRESS": custom_metas(),
}


def test_every_state_is_drawn_and_has_the_time_of_its_end() -> None:
    """Where it has one."""
    metas = drawn(task_metas())
    assert {meta["status"] for meta in metas} >= OF_STATE.keys()
    assert all((meta["date_done"] is not None) == (meta["status"] in states.READY_STATES) for meta in metas)


@pytest.mark.parametrize("state", OF_STATE)
def test_a_state_is_drawn_by_itself(state: str) -> None:
    """States of a task's own are of several names."""
    found = {meta["status"] for meta in drawn(OF_STATE[state])}
    assert found == {state} or (state == "PROGRESS" and len(found) > 1 and not found & states.ALL_STATES)


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
    errors = drawn(stored_errors())
    assert {error.get("exc_module") for error in errors} >= {"builtins", "no.such.module", None}
    assert any("exc_module" not in error for error in errors)
    assert any(isinstance(error["exc_message"], str) for error in errors)


def test_tracebacks_are_long_where_asked_for() -> None:
    """In lines, and in one line."""
    light, heavy = ([trace or "" for trace in drawn(tracebacks(heavy=heavy))] for heavy in (False, True))
    assert max(map(len, light)) < 100_000 and "" in light
    assert max(trace.count("\n") for trace in heavy) > 10_000
    assert max(len(line) for trace in heavy for line in trace.splitlines()) > 900_000
    assert max(len(meta["traceback"] or "") for meta in drawn(failure_metas(heavy=True))) > 900_000


def test_values_of_ones_own_are_what_tasks_return_and_say_of_themselves() -> None:
    """And nothing else is."""
    metas = drawn(task_metas(st.just("own")))
    assert {meta["status"] for meta in metas if meta["result"] == "own"} >= {states.SUCCESS, "PROGRESS"}
    assert not [
        meta for meta in metas if meta["status"] in (states.FAILURE, states.PENDING) and meta["result"] == "own"
    ]
