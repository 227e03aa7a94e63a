"""What is drawn for an annotation is all of its kind and nothing else, and what had to be guessed is said."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import inspect
import math
import pathlib
import typing
import uuid
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, Protocol, TypedDict, TypeVar

import pydantic
import pytest
from annotated_types import Ge, Interval, Len, MultipleOf, Predicate
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from pydantic import BaseModel, Field, RootModel, TypeAdapter
from stormproof.serializers.annotations import Derivation, NotDerivableError
from stormproof.serializers.place import Unresolved


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(NamedTuple):
    x: int
    y: float


class Parcel(TypedDict):
    weight: int
    note: NotRequired[str]


@dataclasses.dataclass
class Node:
    name: str
    inner: list[Node]
    parent: Node | None = None
    made: str = dataclasses.field(default="", init=False)


class Item(BaseModel):
    price: decimal.Decimal = Field(gt=0, max_digits=5, decimal_places=2)
    code: str = Field(pattern="^[A-Z]{3}$")
    count: int = Field(default=1, ge=1, le=9)
    tags: list[Annotated[str, Field(min_length=2, max_length=4)]] = Field(default=[], max_length=2)
    within: Item | None = None


class Names(RootModel[list[str]]):
    pass


@pydantic.dataclasses.dataclass
class Checked:
    count: int = Field(gt=10)


class Aliased(BaseModel):
    order_id: int = Field(alias="orderId")


class Half(BaseModel):
    known: int
    other: ThereIsNoSuchName = None  # type: ignore[name-defined] # noqa: F821


class Whole(BaseModel):
    other: ThereIsNoSuchName  # type: ignore[name-defined] # noqa: F821


class Plain:
    def __init__(self) -> None:
        raise AssertionError("no constructor of a user's runs")


class Talks(Protocol):
    def talk(self) -> str: ...


class Named(str):
    __slots__ = ()


OrderId = NewType("OrderId", int)
Number = TypeVar("Number", int, float)


def some(annotation: Any, holds: Callable[[Any], bool]) -> bool:
    """Whether a value is drawn of which this holds."""
    try:
        find(
            Derivation().of(annotation),
            holds,
            settings=settings(max_examples=300, phases=[Phase.generate], database=None, deadline=None),
            random=Random(1),
        )
    except NoSuchExample:
        return False
    return True


def is_zoned(when: Any) -> bool:
    return isinstance(when.tzinfo, zoneinfo.ZoneInfo)


def half_a_character(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


WIDE: list[tuple[Any, Callable[[Any], bool]]] = [
    (datetime.datetime, lambda when: when.tzinfo is None),
    (datetime.datetime, is_zoned),
    (datetime.datetime, lambda when: when.tzinfo is datetime.UTC),
    (datetime.datetime, lambda when: when.fold == 1),
    (datetime.time, is_zoned),
    (datetime.timedelta, lambda span: span.days < 0),
    (float, math.isnan),
    (float, lambda number: number == float("-inf")),
    (decimal.Decimal, lambda number: number.is_snan()),
    (int, lambda number: number > 2**64),
    (str, half_a_character),
    (bytes, lambda data: max(data, default=0) > 127),
    (int | None, lambda value: value is None),
    (Optional[int], lambda value: isinstance(value, int)),  # noqa: UP045 - As people write it.
    (int | str, lambda value: isinstance(value, str)),
    (Literal["a", 1], lambda value: value == 1),
    (tuple[int, ...], lambda value: len(value) == 3),
    (Parcel, lambda value: "note" not in value),
    (Parcel, lambda value: "note" in value),
    (Colour, lambda value: value is Colour.BLUE),
    (Node, lambda node: bool(node.inner) and bool(node.parent)),
    (Item, lambda item: item.within is not None and item.count > 1),
    (dict[str, int], lambda value: set(value) == {"__type__", "__value__"}),
    (dict[str, str], lambda value: value.get("__type__") == "bytes"),
    (Number, lambda value: isinstance(value, float)),
    (pydantic.AwareDatetime, is_zoned),
]


@pytest.mark.parametrize(("annotation", "holds"), WIDE, ids=[str(number) for number in range(len(WIDE))])
def test_what_an_annotation_admits_is_drawn(annotation: Any, holds: Callable[[Any], bool]) -> None:
    """A strategy that leaves a part of its type out is blind there."""
    assert some(annotation, holds)


EXACT: list[Any] = [
    bool,
    int,
    uuid.UUID,
    pathlib.Path,
    list[int],
    set[int],
    frozenset[bytes],
    tuple[int, bool],
    tuple[()],
    dict[int, bytes],
    collections.deque[int],
    Literal["a", 1, None],
    int | bytes | None,
    Colour,
    Point,
    Checked,
    Aliased,
    Item,
    OrderId,
    Annotated[int, Ge(3)],
    Annotated[int, Interval(gt=3, lt=6)],
    Annotated[int, Field(gt=3, multiple_of=5)],
    Annotated[int, MultipleOf(7)],
    Annotated[float, Field(ge=0, le=1)],
    Annotated[float, Field(allow_inf_nan=False)],
    Annotated[bytes, Len(2, 4)],
    Annotated[list[int], Len(2, 4)],
    Annotated[int | None, Field(ge=3)],
    Annotated[decimal.Decimal, Field(max_digits=4, decimal_places=2)],
    Annotated[decimal.Decimal, Field(gt=0, lt=1)],
    Annotated[datetime.date, Ge(datetime.date(2020, 1, 1))],
    Annotated[datetime.timedelta, Field(ge=datetime.timedelta(0))],
    Annotated[str, pydantic.StringConstraints(pattern="^a.c$")],
    pydantic.PositiveInt,
    pydantic.conint(gt=3),
    pydantic.EmailStr,
    pydantic.HttpUrl,
    pydantic.SecretBytes,
    pydantic.FutureDate,
    pydantic.PastDatetime,
    pydantic.NaiveDatetime,
]


@pytest.mark.parametrize("annotation", EXACT, ids=lambda annotation: str(annotation)[:60])
@settings(max_examples=25)
@given(data=st.data())
def test_nothing_is_drawn_that_an_annotation_does_not_admit(annotation: Any, data: st.DataObject) -> None:
    """pydantic's strict validation is the judge: an example that nobody may send accuses nobody."""
    derivation = Derivation()
    value = data.draw(derivation.of(annotation))
    strict = annotation not in (
        Checked,
        pydantic.EmailStr,
    )  # What is text, or a dataclass, only lax validation takes as an instance.
    TypeAdapter(annotation).validate_python(value, strict=strict or None)
    assert derivation.doubts == []


@given(data=st.data())
def test_root_models_and_type_aliases_are_drawn_as_what_they_hold(data: st.DataObject) -> None:
    """A model without fields of its own is not an empty one."""
    assert isinstance(data.draw(Derivation().of(Names)).root, list)


@pytest.mark.parametrize("annotation", [Sequence[int], Iterable[int], typing.Collection[int]])
def test_of_an_abstract_type_the_plainest_concrete_one_is_drawn(annotation: Any) -> None:
    """Who is annotated `Sequence` cannot tell a list from a tuple, so nothing is said of tuples there."""
    assert not some(annotation, lambda value: type(value) is not list)
    assert not some(Mapping[str, int], lambda value: type(value) is not dict)


GUESSED: list[tuple[Any, str]] = [
    (Any, "Any, JSON-like values stand in"),
    (object, "Any, JSON-like values stand in"),
    (inspect.Parameter.empty, "no annotation, JSON-like values stand in"),
    (list, "list of what? JSON-like values stand in"),
    (typing.Dict, "dict of what? JSON-like values stand in"),  # noqa: UP006 - As people write it.
    (tuple, "tuple of what? JSON-like values stand in"),
    (dict[str, Any], "Any, JSON-like values stand in"),
    (int | Talks, "Talks: a protocol has no instances of its own"),
    (Half, "Half.other: ThereIsNoSuchName is not defined"),
    (Plain, "Plain: nothing is known of it, an instance without attributes stands in"),
]


@pytest.mark.parametrize(("annotation", "doubt"), GUESSED, ids=lambda value: str(value)[:40])
def test_what_is_guessed_is_said(annotation: Any, doubt: str) -> None:
    """A guess that survives proves nothing of what will be sent."""
    derivation = Derivation()
    derivation.of(annotation).validate()
    assert derivation.doubts == [doubt]


@settings(max_examples=100)
@given(value=Derivation().of(Any))
def test_json_like_values_are_what_json_carries(value: Any) -> None:
    """What stands in for what is not said must not accuse: no NaN, no half characters, no keys but text, and none that kombu marks with."""
    flat = [value]
    while flat:
        each = flat.pop()
        assert each is None or type(each) in (bool, int, float, str, list, dict)
        flat += each if isinstance(each, list) else [*each.keys(), *each.values()] if isinstance(each, dict) else []
        if isinstance(each, float):
            assert abs(each) < float("inf")
        if isinstance(each, dict):
            assert "__type__" not in each and all(isinstance(key, str) for key in each)


REFUSED: list[tuple[Any, str]] = [
    (Unresolved("NameError: name 'Order' is not defined"), "NameError: name 'Order' is not defined"),
    ("Order", "Order is not defined"),
    (list["Order"], "list[ForwardRef('Order')]"),  # type: ignore[name-defined] # noqa: F821
    (Whole, "Whole.other: ThereIsNoSuchName is not defined"),
    (Named, "Named: nothing is known of it"),
    (5, "5: nothing is known of it"),
    (Talks, "Talks: a protocol has no instances of its own"),
]


@pytest.mark.parametrize(("annotation", "why"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_drawn_says_why(annotation: Any, why: str) -> None:
    """No value is better than one of another type."""
    with pytest.raises(NotDerivableError) as raised:
        Derivation().of(annotation)
    assert why in str(raised.value) or "is not defined" in str(raised.value)


def test_what_hypothesis_was_told_of_a_class_is_drawn() -> None:
    """The way out for a class of which nothing is known."""

    class Told:
        def __init__(self, number: int) -> None:
            self.number = number

    st.register_type_strategy(Told, st.builds(Told, st.just(7)))
    derivation = Derivation()
    assert find(derivation.of(Told), lambda _: True).number == 7
    assert derivation.doubts == []


def test_a_predicate_is_kept() -> None:
    """The one kind of metadata that is code."""
    assert not some(Annotated[int, Predicate(lambda number: number % 2 == 0)], lambda number: number % 2 == 1)
