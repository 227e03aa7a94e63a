"""Exceptions by how they are built: each kind is what its name says, and none is left out."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from stormproof.serializers.strategies import exception_classes as classes
from stormproof.serializers.strategies import exceptions
from stormproof.serializers.strategies.exceptions import HEAVY, KINDS

ENOUGH = settings(
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=500,
    phases=[Phase.generate],  # What is found need not be small, nor be printed.
    suppress_health_check=list(HealthCheck),
)


def drawn(strategy: SearchStrategy[Any], count: int = ENOUGH.max_examples) -> list[Any]:
    """The same each time, but for the constants of the modules that are loaded: Hypothesis draws those, too."""
    found: list[Any] = []
    settings(ENOUGH, max_examples=count)(given(strategy)(lambda example: found.append(example)))()  # noqa: PLW0108 - Hypothesis wants a function.
    return found


def _is(*kinds: type[BaseException]) -> Callable[[Any], bool]:
    return lambda error: type(error) in kinds


def _unpicklable(error: Any) -> bool:
    try:
        pickle.dumps(error)
    except Exception:
        return True
    return False


def _cause_of_cause(error: BaseException) -> bool:
    return error.__cause__ is not None and error.__cause__.__cause__ is not None


# Of each kind, what must be among its examples.
AMONG: dict[str, list[Callable[[Any], bool]]] = {
    "plain": [_is(ValueError), _is(StopIteration)],
    "many arguments": [lambda error: len(error.args) > 10, lambda error: not error.args],
    "arguments that are no text": [lambda error: (1, 2) in error.args],
    "python's, with fields": [_is(FileNotFoundError), _is(UnicodeDecodeError), _is(SyntaxError)],
    "unpassed arguments": [_is(classes.UnpassedError), _is(classes.KeywordError)],
    "formatted message": [_is(classes.FormattedError)],
    "unrepeatable": [_is(classes.UnrepeatableError)],
    "ending its reader": [_is(classes.EndingError)],
    "with an effect": [_is(classes.CountingError)],
    "unserialisable arguments": [_unpicklable, lambda error: callable(error.args[0])],
    "nested arguments": [lambda error: error.args[0] is error.args[0][0]],
    "without words": [_is(classes.SpeechlessError), lambda error: error.__cause__ is not None],
    "lying to pickle": [_is(classes.ReducedError)],
    "odd arguments": [_is(classes.HiddenError), _is(classes.ArgumentlessError)],
    "odd instance": [_is(classes.FrozenError), _is(classes.EmptyError), _is(classes.DisguisedError)],
    "of a class made here": [lambda error: type(error).__module__ == "no.such.module"],
    "with a name of another": [lambda error: type(error).__name__ == "eval"],
    "with causes": [
        _cause_of_cause,
        lambda error: error.__cause__ is error,
        lambda error: error.__context__ is not None,
    ],
    "with notes": [lambda error: error.__notes__ == 5],
    "group": [lambda error: len(error.exceptions) > 100, lambda error: not isinstance(error, Exception)],
    "odd text": [lambda error: "\ud800" in str(error)],
    "long text": [lambda error: len(str(error)) >= 1 << 20],
    "no exception": [_is(classes.Stop), _is(GeneratorExit)],
    "process ending": [_is(SystemExit), _is(KeyboardInterrupt)],
    "memory error": [_is(MemoryError)],
}


def test_every_kind_is_looked_at_here() -> None:
    """And has a sentence that says why it hurts."""
    assert list(AMONG) == list(KINDS)
    assert all(make.__doc__ for make in KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_draws_what_its_name_says(kind: str) -> None:
    """Through `exceptions`, as users draw it."""
    examples = drawn(exceptions([kind]))
    for is_so in AMONG[kind]:
        assert any(map(is_so, examples))


def _has(examples: list[Any], kind: str) -> bool:
    """Whether one of them is what only this kind draws; `plain` and those alike are drawn by others, too."""
    return any(_safely(AMONG[kind][0], error) for error in examples)


def _safely(is_so: Callable[[Any], bool], error: Any) -> bool:
    try:
        return is_so(error)
    except Exception:  # It is of another kind, and has not what is asked for.
        return False


def test_all_kinds_are_drawn_where_none_is_named_but_for_the_heavy_ones() -> None:
    """Those are asked for."""
    light = drawn(exceptions(), 2000)
    assert {kind for kind in KINDS if _has(light, kind)} == set(KINDS) - HEAVY
    assert _has(drawn(exceptions(heavy=True), 1000), "long text")


def test_a_kind_that_is_none_is_refused() -> None:
    """At once, and not when it is drawn."""
    with pytest.raises(KeyError):
        exceptions(["no such kind"])


@settings(max_examples=50, database=None)
@given(exceptions(), exceptions())
def test_no_two_draws_share_an_exception(one: BaseException, other: BaseException) -> None:
    """Raising one leaves its traceback in it."""
    assert one is not other and one.__traceback__ is None
