"""Objects of classes: of the standard library's making, of pydantic's, and of one's own."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stormproof.serializers.strategies import specimens
from stormproof.serializers.strategies.texts import plain_texts

_numbers = st.integers(-9, 9)


def enum_members() -> SearchStrategy[specimens.Colour]:
    """They are compared by identity: a receiver that has the value only takes the wrong branch."""
    return st.sampled_from(specimens.Colour)


def int_enum_members() -> SearchStrategy[specimens.Priority]:
    """They pass for integers, and come back as such."""
    return st.sampled_from(specimens.Priority)


def str_enum_members() -> SearchStrategy[specimens.Channel]:
    """They pass for text, and come back as such."""
    return st.sampled_from(specimens.Channel)


def int_subclasses() -> SearchStrategy[specimens.Count]:
    """A number of a class of its own."""
    return _numbers.map(specimens.Count)


def str_subclasses() -> SearchStrategy[specimens.Label]:
    """A text of a class of its own, as of translations, or of HTML that was escaped: without the class it is escaped twice."""
    return plain_texts().map(specimens.Label)


def dataclasses() -> SearchStrategy[specimens.Point]:
    """Frozen ones."""
    return st.builds(specimens.Point, x=_numbers, y=_numbers)


def pydantic_models() -> SearchStrategy[specimens.Order]:
    """With and without a field that was left to its default, which a model remembers."""
    return st.builds(specimens.Order, number=_numbers) | st.builds(specimens.Order, number=_numbers, note=plain_texts())


def objects() -> SearchStrategy[specimens.Parcel]:
    """Of a class of one's own, without `__eq__`."""
    return _numbers.map(specimens.Parcel)


def objects_that_say_their_json() -> SearchStrategy[specimens.Money]:
    """With kombu's `__json__`: there is a way there, and none back."""
    return _numbers.map(specimens.Money)


def objects_whose_json_fails() -> SearchStrategy[specimens.Unready]:
    """With a `__json__` that raises."""
    return _numbers.map(specimens.Unready)


def objects_whose_repr_fails() -> SearchStrategy[specimens.Unspeakable]:
    """Whatever logs them, or names them in an error, fails itself."""
    return _numbers.map(specimens.Unspeakable)


def exceptions() -> SearchStrategy[BaseException]:
    """With arguments, as a task is handed them to report."""
    kinds = st.sampled_from([ValueError, KeyError, OSError, LookupError])
    return st.builds(lambda kind, args: kind(*args), kinds, st.lists(_numbers | plain_texts(), max_size=3))
