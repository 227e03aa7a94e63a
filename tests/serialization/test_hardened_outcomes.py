"""The hardened system tells every outcome: whatever its task returns or raises, the journal has its end, and the API answers 200 with it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import hardened.claims
import hardened.once
import pytest
import result_contracts as contracts
from celery import states
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded
from endings import Raised, Reader, Returned
from hardened.mailer import MailDeferredError
from hardened.once import OnceTask
from hardened_outcomes import Scripted, System, system, tells_its_end
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import none_is_gone, same_as_kept, smallest
from result_stores import fake_redis
from stormproof.serializers.strategies import exceptions
from stormproof.serializers.strategies.exceptions import KINDS
from stormproof.serializers.strategies.values import HEAVY
from stormproof.serializers.strategies.values import KINDS as KINDS_OF_VALUES

PART = "hardened_outcomes"
_MOST = settings.default.max_examples if settings.default else 100


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with fake_redis() as store, system(store, tmp_path_factory.mktemp("hardened")) as found:
        yield found


def test_whatever_its_task_returns_is_told_or_refused(hard: System) -> None:
    """As JSON has it: a tuple is a list, and a key is a text. What JSON would lose or spoil is a FAILURE that says so."""
    given(contracts.returned().map(Returned))(lambda did: tells_its_end(hard, did))()


def test_whatever_its_task_raises_is_told(hard: System) -> None:
    """By type and message."""
    given(exceptions(heavy=True).map(Raised))(lambda did: tells_its_end(hard, did))()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_exception_is_told(hard: System, kind: str) -> None:
    """None is left out by chance."""
    settings(max_examples=3)(given(KINDS[kind]().map(Raised))(lambda did: tells_its_end(hard, did)))()


def _nest(depth: int) -> list[Any]:
    nest: list[Any] = []
    for _ in range(depth):
        nest = [nest]
    return nest


EDGES: dict[str, Any] = {
    "NaN": math.nan,
    "infinity within": {"a": [-math.inf]},
    "half a character": "\ud800",
    "two halves": "\ud83d\ude00",
    "half a character as a key": {"\udcff": 1},
    "NUL": "a\x00b",
    "99 levels": _nest(99),
    "100 levels": _nest(100),
    "300 levels": _nest(300),
    "1,000 levels": _nest(1000),
    "an integer of 70 bits": 2**70,
    "an integer of 4,000 digits": 10**3999,
    "an integer of 5,000 digits": 10**4999,
    "keys that are one in JSON": {1: "a", "1": "b"},
    "keys that change": {1: "a", None: "b"},
    "a broken envelope": {"__type__": "no such", "__value__": 1},
    "10 MB": "x" * 10_000_000,
}


@pytest.mark.parametrize("edge", EDGES)
def test_results_at_the_edges_of_json_are_told_or_refused(hard: System, edge: str) -> None:
    """And those within are told."""
    tells_its_end(hard, Returned(EDGES[edge]))


@pytest.mark.parametrize("kind", sorted(HEAVY))
def test_large_and_deep_results_are_told_or_refused(hard: System, kind: str) -> None:
    """A megabyte, and a thousand levels."""
    settings(max_examples=3)(given(KINDS_OF_VALUES[kind].map(Returned))(lambda did: tells_its_end(hard, did)))()


CONTROL: list[BaseException] = [
    Ignore("no"),
    Reject("no", requeue=True),
    SoftTimeLimitExceeded(),
    MailDeferredError("\ud800", True),
]


@pytest.mark.parametrize("error", CONTROL, ids=lambda error: type(error).__name__)
def test_what_steers_celery_or_is_tried_again_is_told_too(hard: System, error: BaseException) -> None:
    """A task may raise these for reasons of its own."""
    tells_its_end(hard, Raised(error))


def test_a_process_that_is_told_to_end_gives_its_task_back_until_there_were_attempts_enough(hard: System) -> None:
    """The task is run again, and not for ever."""
    ran = hard.deliver(Raised(SystemExit(3)))
    told = [hard.journal.find(ran.task_id)]
    for _ in range(hard.task.settings.max_attempts):
        hard.deliver(Raised(SystemExit(3)), ran.task_id)
        told.append(hard.journal.find(ran.task_id))
    found = [one.state for one in told if one]
    assert found == ["RETRY"] * (hard.task.settings.max_attempts - 1) + ["FAILURE"] * 2


def test_celerys_own_record_has_the_same_state(hard: System) -> None:
    """Flower and AsyncResult see it there; where Celery cannot store an outcome, it has none."""
    reader = Reader(hard.task.app)

    @settings(max_examples=_MOST // 4)
    @given(exceptions(sorted(set(KINDS) - {"process ending", "odd arguments", "long text"})).map(Raised))
    def every(did: Raised) -> None:
        ran = hard.deliver(did)
        found = hard.journal.find(ran.task_id)
        assert found is not None and reader.read(ran.task_id).state == found.state

    every()


def _only_exceptions(self: OnceTask, *args: Any, **kwargs: Any) -> Any:
    try:
        result = self.run(*args, **kwargs)
    except Exception as error:
        self._fail(error)
        raise
    self.claim.succeed(result)
    return result


def _as_it_is(error: BaseException) -> tuple[str, str]:
    try:
        message = str(error)
    except Exception:
        message = ""
    return type(error).__name__, message[:500]


def _plainly(error: BaseException) -> tuple[str, str]:
    return type(error).__name__, str(error)


def _swallows(self: OnceTask, *args: Any, **kwargs: Any) -> Any:
    try:
        result = self.run(*args, **kwargs)
    except Exception:
        result = None
    self.claim.succeed(result)
    return result


def _returned(kind: str) -> st.SearchStrategy[Any]:
    return KINDS_OF_VALUES[kind].map(Returned)


_RAISED = exceptions().map(Raised)
PLANTED: dict[str, tuple[str, str, Callable[..., Any], st.SearchStrategy[Any]]] = {
    "JSON as Python writes it": ("as_json", "the result changes", json.dumps, _returned("NaN, infinity")),
    "JSON that no API can answer": (
        "as_json",
        "the API answers 500",
        json.dumps,
        _returned("text with half a character"),
    ),
    "keys that are lost": (
        "as_json",
        "keys are lost",
        json.dumps,
        _returned("dict whose keys collide as text"),
    ),
    "words that no store can hold": ("described", "no end", _as_it_is, _RAISED),
    "words that are asked for without care": ("described", "no end", _plainly, _RAISED),
    "no care for what is no exception": ("_run_claimed", "no end", _only_exceptions, _RAISED),
    "no care for the worker": ("_run_claimed", "the worker ends", _only_exceptions, _RAISED),
    "errors are swallowed": (
        "_run_claimed",
        "an error is a SUCCESS",
        _swallows,
        exceptions(["plain"]).map(Raised),
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_what_does_not_tell_an_outcome_is_seen(
    bug: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each was so before, or nearly."""
    name, says, instead, examples = PLANTED[bug]
    if name == "_run_claimed":
        monkeypatch.setattr(Scripted, name, instead)
    else:
        monkeypatch.setattr(hardened.once, name, instead)
        monkeypatch.setattr(hardened.claims, name, instead, raising=False)
    with fake_redis() as store, system(store, tmp_path_factory.mktemp("planted")) as of:
        found = smallest(examples, lambda did: tells_its_end(of, did), says=says)
    same_as_kept(PART, bug, found)


def test_nothing_is_kept_of_bugs_that_are_gone() -> None:
    """The file has these, and no others."""
    none_is_gone(PART, PLANTED)


def test_the_states_of_the_journal_are_celerys() -> None:
    """So that one reader of states understands both."""
    assert {"SUCCESS", "FAILURE"} <= states.READY_STATES and "RETRY" in states.UNREADY_STATES
