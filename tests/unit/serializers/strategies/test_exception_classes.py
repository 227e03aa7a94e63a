"""Each class of exceptions hurts as it says."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from stormproof.serializers.strategies import exception_classes as classes


def rebuilt(error: BaseException) -> BaseException:
    """As a reader does it."""
    return type(error)(*error.args)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (classes.UnpassedError(1, "x"), TypeError),
        (classes.KeywordError(code=1), TypeError),
        (classes.UnrepeatableError(1, 2), TypeError),
        (classes.EndingError(1), SystemExit),
        (classes.HiddenError("x"), RuntimeError),
    ],
)
def test_building_it_again_fails(error: BaseException, raised: type[BaseException]) -> None:
    """In five ways."""
    with pytest.raises(raised):
        rebuilt(error)


def test_a_message_is_made_of_a_message() -> None:
    """Which was one before."""
    error = classes.FormattedError(5)
    assert (str(error), str(rebuilt(error))) == ("code 5", "code code 5")


def test_being_built_has_an_effect() -> None:
    """Once more for each time."""
    before = classes.CountingError.built
    rebuilt(classes.CountingError("x"))
    assert classes.CountingError.built == before + 2


@pytest.mark.parametrize(
    ("kind", "fails"),
    [
        (classes.WordlessError, [str]),
        (classes.ShapelessError, [repr]),
        (classes.SpeechlessError, [str, repr]),
    ],
)
def test_it_has_no_words(kind: type[Exception], fails: list[Callable[[object], str]]) -> None:
    """Or no shape, or neither."""
    for tell in fails:
        with pytest.raises(RuntimeError):
            tell(kind("x"))


@pytest.mark.parametrize("reduced", [(str, ("x",)), (classes.nothing, ())])
def test_what_unpickles_is_something_else(reduced: Any) -> None:
    """A text, or nothing."""
    assert not isinstance(pickle.loads(pickle.dumps(classes.ReducedError(reduced))), BaseException)


def test_whoever_unpickles_it_ends() -> None:
    """By SystemExit, which `except Exception` lets pass."""
    with pytest.raises(SystemExit):
        pickle.loads(pickle.dumps(classes.ReducedError((classes.end_process, ()))))


def test_pickling_it_raises_what_it_is_told() -> None:
    """In place of an answer."""
    with pytest.raises(RecursionError):
        pickle.dumps(classes.ReducedError(RecursionError()))


def test_dataclasses_have_no_hash_or_take_no_attribute() -> None:
    """As one is a record, and the other frozen."""
    with pytest.raises(TypeError):
        hash(classes.RecordError(1, []))
    with pytest.raises(FrozenInstanceError):
        classes.FrozenError(1).__cause__ = None


def test_it_passes_for_what_it_is_not() -> None:
    """For false; for another class; for no exception; for having no arguments."""
    assert not classes.EmptyError("x")
    assert isinstance(classes.DisguisedError("x"), KeyError)
    assert not isinstance(classes.Stop("x"), Exception)
    assert classes.ArgumentlessError("x").args is None


@pytest.mark.parametrize("kind", [classes.local_class("MadeHere"), classes.foreign_class("MadeHere", "no.such.module")])
def test_nobody_can_import_it(kind: type[BaseException]) -> None:
    """And so nobody can pickle it."""
    with pytest.raises((pickle.PicklingError, AttributeError, ImportError)):
        pickle.dumps(kind("x"))
