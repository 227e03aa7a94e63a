"""What became of a value: the five fates, by literal serializers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kombu import serialization
from kombu.exceptions import SerializerNotInstalled
from stormproof.serializers import codec
from stormproof.serializers.codec import Fate, through

registry: Any = serialization.registry


@pytest.fixture
def register() -> Iterator[Callable[..., str]]:
    """Registers an encoder and a decoder for the test's time."""
    names: set[str] = set()

    def it(encode: Any, decode: Any, name: str = "toy") -> str:
        registry.register(name, encode, decode, f"application/x-{name}")
        names.add(name)
        return name

    yield it
    for name in names:
        registry.unregister(name)


def raising(error: Exception) -> Callable[[Any], Any]:
    def fail(value: Any) -> Any:
        raise error

    return fail


def test_what_arrives_as_it_was_sent_is_unchanged() -> None:
    """The contract, kept."""
    passage = through("json", {"a": [1, None]})
    assert (passage.fate, passage.what, passage.kept, passage.difference) == (Fate.UNCHANGED, "unchanged", True, None)


def test_what_the_encoder_refuses_fails_in_the_producer() -> None:
    """The contract, kept; the cause is named and not kombu's wrapper."""
    passage = through("json", {1, 2})
    assert (passage.fate, passage.what, passage.kept) == (Fate.REFUSED, "refused: TypeError", True)


def test_what_arrives_as_something_else_is_changed() -> None:
    """The contract, broken, without anybody's noticing."""
    passage = through("json", {"a": (1,)})
    assert (passage.fate, passage.what, passage.kept) == (Fate.CHANGED, "tuple becomes list", False)
    assert str(passage) == "{'a': (1,)}: at ['a']: tuple becomes list: (1,) became [1]"


def test_what_cannot_be_decoded_is_unreadable() -> None:
    """The contract, broken at the receiver's."""
    passage = through("json", {"__type__": "none", "__value__": 1})
    assert (passage.fate, passage.what, passage.kept) == (Fate.UNREADABLE, "unreadable: ValueError", False)


def test_an_encoder_that_fails_outside_of_kombus_own_words_has_crashed(register: Callable[..., str]) -> None:
    """Half a character in the payload is met as it becomes bytes: after the encoder, and not as an EncodeError."""
    passage = through(register(str, json.loads), "\ud800")
    assert (passage.fate, passage.what, passage.kept) == (Fate.CRASHED, "crashed: UnicodeEncodeError", False)


def test_an_error_is_named_whatever_was_being_handled_meanwhile(register: Callable[..., str]) -> None:
    """An exception has a context that need not be its cause."""
    name = register(str, raising(OverflowError()))
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        assert through(name, "\ud800").what == "crashed: UnicodeEncodeError"
        assert through(name, "a").what == "unreadable: OverflowError"
        assert through("json", {1}).what == "refused: TypeError"


def test_an_error_that_has_a_cause_of_its_own_is_named_itself(register: Callable[..., str]) -> None:
    """Only kombu's wrapper is taken off."""

    def fail(value: Any) -> Any:
        try:
            raise KeyError
        except KeyError as error:
            raise OverflowError from error

    assert through(register(fail, json.loads), "a").what == "refused: OverflowError"
    assert through(register(str, fail), "a").what == "unreadable: OverflowError"


def test_a_serializer_that_kombu_has_not_is_an_error() -> None:
    """A name misspelt must not look like a value refused."""
    with pytest.raises(SerializerNotInstalled):
        through("jsn", 1)


def test_the_serializers_of_kombu_are_all_installed_here() -> None:
    """Otherwise the suites would pass over some of them."""
    assert codec.installed() == ["json", "msgpack", "pickle", "yaml"]


def test_a_serializer_that_is_broken_is_not_passed_over(register: Callable[..., str]) -> None:
    """It is what the suites are for."""
    name = register(raising(OverflowError()), json.loads)
    assert name in codec.installed()


def test_a_serializer_without_its_library_is_passed_over(register: Callable[..., str]) -> None:
    """Kombu keeps the name of a serializer whose library is missing."""
    register(raising(SerializerNotInstalled()), raising(SerializerNotInstalled()), "gone")
    register(None, json.loads, "unwritten")
    assert codec.installed() == ["json", "msgpack", "pickle", "yaml"]
