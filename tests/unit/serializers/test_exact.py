"""What is the same to the letter, and what is not: tables, and values that resist being compared."""

from __future__ import annotations

import array
import collections
import copy
import dataclasses
import datetime
import enum
import functools
import math
import pickle
import re
import struct
import threading
import types
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stormproof.serializers.exact import brief, difference

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
UTC = datetime.UTC
AUTUMN = datetime.datetime(2024, 10, 27, 2, 30)
DEPTH = 1000


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Size(enum.IntEnum):
    SMALL = 1


class Pair(NamedTuple):
    one: Any
    two: Any


@dataclasses.dataclass(frozen=True)
class Point:
    x: Any


class Model(pydantic.BaseModel):
    x: Any = 1


class Empty:
    pass


class Slots:
    __slots__ = ("__hidden", "seen")

    def __init__(self, hidden: Any) -> None:
        self.__hidden = hidden


class Count(int):
    pass


class Label(str):
    __slots__ = ("note",)


class Broken:
    """Raises whatever it is asked."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        raise ZeroDivisionError

    __hash__ = object.__hash__


class BrokenInt(int):
    __eq__ = Broken.__eq__
    __repr__ = Broken.__repr__
    __hash__ = int.__hash__


class BrokenText(str):
    __eq__ = Broken.__eq__
    __repr__ = Broken.__repr__
    __hash__ = str.__hash__


class BrokenList(list[Any]):
    def __len__(self) -> int:
        raise ZeroDivisionError


class Liar:
    """Says that it equals everything."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "Liar()"

    __hash__ = object.__hash__


def noted(text: str, note: str) -> Label:
    label = Label(text)
    label.note = note
    return label


def counted(number: int, **attributes: Any) -> Count:
    count = Count(number)
    vars(count).update(attributes)
    return count


def told(error: BaseException, **attributes: Any) -> BaseException:
    vars(error).update(attributes)
    return error


def payload_nan() -> float:
    """Another NaN than `math.nan`."""
    found: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0001))[0]
    return found


def nested(kind: Any, depth: int, inner: Any = None) -> Any:
    value = inner
    for _ in range(depth):
        value = kind((value,)) if kind is not dict else {"k": value}
    return value


def holding_itself(value: Any) -> Any:
    value.append(value)
    return value


SAME: list[tuple[Any, Any]] = [
    (None, None),
    (1, 1),
    (10**5000, 10**5000),
    (math.nan, payload_nan()),
    ([math.nan], [payload_nan()]),
    (complex(math.nan, -0.0), complex(math.nan, -0.0)),
    (Decimal("NaN"), Decimal("NaN")),
    (Decimal("sNaN"), Decimal("sNaN")),
    ({Decimal("NaN")}, {Decimal("NaN")}),
    (Fraction(1, 3), Fraction(2, 6)),
    ("\ud800", "\ud800"),
    (memoryview(b"a"), memoryview(b"a")),
    (bytearray(b"a"), bytearray(b"a")),
    (AUTUMN.replace(tzinfo=PARIS), AUTUMN.replace(tzinfo=zoneinfo.ZoneInfo.no_cache("Europe/Paris"))),
    (Path("a") / "b", Path("a/b")),
    (uuid.UUID(int=1), uuid.UUID(int=1)),
    (range(3), range(3)),
    (slice(1, 2), slice(1, 2)),
    ({3, 1, 2}, {2, 3, 1}),
    ({(1, math.nan), 2, Decimal("NaN")}, {2, Decimal("NaN"), (1, payload_nan())}),
    (frozenset({frozenset({math.nan, 1}), 1}), frozenset({frozenset({payload_nan(), 1}), 1})),
    (collections.deque([1], 3), collections.deque([1], 3)),
    (collections.defaultdict(list, a=[1]), collections.defaultdict(list, a=[1])),
    (collections.OrderedDict(a=1), collections.OrderedDict(a=1)),
    (types.MappingProxyType({1: 2}), types.MappingProxyType({1: 2})),
    (array.array("i", [1]), array.array("i", [1])),
    (functools.partial(int, "1", base=2), functools.partial(int, "1", base=2)),
    (Colour.RED, Colour.RED),
    (Pair(1, [2]), Pair(1, [2])),
    (Point([1]), Point([1])),
    (Model(x=[1]), Model(x=[1])),
    (Empty(), Empty()),
    (object(), object()),
    (Slots([1]), Slots([1])),
    (counted(1, a=[1]), counted(1, a=[1])),
    (noted("a", "b"), noted("a", "b")),
    (ValueError([1], None), ValueError([1], None)),
    (told(ValueError(), a=1), told(ValueError(), a=1)),
    (Broken([1]), Broken([1])),
    (BrokenInt(1), BrokenInt(1)),
    (BrokenText("a"), BrokenText("a")),
    ({Liar(number) for number in range(9)}, {Liar(number) for number in range(9)}),
    (set(range(10_000)), set(range(10_000))),
    (int, int),
    (re.compile("a"), re.compile("a")),
    (holding_itself([]), holding_itself([])),
    (holding_itself(collections.deque()), holding_itself(collections.deque())),
    ([[]], [[]]),
    (nested(list, DEPTH), nested(list, DEPTH)),
    (nested(tuple, DEPTH), nested(tuple, DEPTH)),
    (nested(dict, DEPTH), nested(dict, DEPTH)),
    (nested(frozenset, DEPTH), nested(frozenset, DEPTH)),
    (nested(lambda inner: Point(*inner), DEPTH), nested(lambda inner: Point(*inner), DEPTH)),
    (nested(lambda inner: ValueError(*inner), DEPTH), nested(lambda inner: ValueError(*inner), DEPTH)),
]

DIFFERENT: list[tuple[Any, Any, str, str]] = [
    (1, True, "", "int becomes bool"),
    (1, 1.0, "", "int becomes float"),
    (1, 2, "", "int changes"),
    (10**5000, 10**5000 + 1, "", "int changes"),
    (None, False, "", "NoneType becomes bool"),
    (0.0, -0.0, "", "the sign of zero is lost"),
    (0.1, math.nextafter(0.1, 1), "", "float changes"),
    (math.nan, math.inf, "", "float changes"),
    (complex(0, -0.0), complex(0, 0.0), "", "the sign of zero is lost"),
    (1 + 2j, 1 + 3j, "", "complex changes"),
    (Decimal("1.0"), Decimal("1.00"), "", "Decimal changes"),
    (Decimal("NaN"), Decimal("sNaN"), "", "Decimal changes"),
    (Decimal("-0"), Decimal("0"), "", "Decimal changes"),
    ("a", "b", "", "str changes"),
    ("a", b"a", "", "str becomes bytes"),
    ("é", "e\u0301", "", "str changes"),
    (b"a", bytearray(b"a"), "", "bytes becomes bytearray"),
    (memoryview(b"a"), memoryview(b"b"), "", "memoryview changes"),
    (AUTUMN, AUTUMN.replace(microsecond=1), "", "datetime changes"),
    (AUTUMN, AUTUMN.replace(fold=1), "", "fold is lost"),
    (AUTUMN, AUTUMN.replace(tzinfo=UTC), "", "the offset changes"),
    (AUTUMN.replace(tzinfo=UTC), AUTUMN.replace(tzinfo=zoneinfo.ZoneInfo("UTC")), "", "timezone becomes ZoneInfo"),
    (AUTUMN.replace(tzinfo=PARIS), AUTUMN.replace(tzinfo=PARIS, fold=1), "", "the offset changes"),
    (
        AUTUMN.replace(tzinfo=PARIS),
        AUTUMN.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        "",
        "the zone changes",
    ),
    (datetime.time(1), datetime.time(2), "", "time changes"),
    (AUTUMN.date(), AUTUMN, "", "date becomes datetime"),
    (datetime.timedelta(1), datetime.timedelta(2), "", "timedelta changes"),
    (range(0), range(1, 1), ".__reduce__()[1][0]", "int changes"),
    ([1], (1,), "", "list becomes tuple"),
    ([1], [1, 2], "", "list of another length"),
    ([1, [2, 3]], [1, [2, 4]], "[1][1]", "int changes"),
    ([1, 2], [3, 4], "[0]", "int changes"),
    ({"a": {"b": (1,)}}, {"a": {"b": [1]}}, "['a']['b']", "tuple becomes list"),
    ({1: 2}, {"1": 2}, "", "key: int becomes str"),
    ({True: 2}, {1: 2}, "", "key: bool becomes int"),
    ({"a": 1, "b": 2}, {"a": 1}, "", "keys are lost"),
    ({"a": 1}, {"a": 1, "b": 2}, "", "keys are added"),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "", "the order of keys changes"),
    ({math.nan: 1, "b": 2}, {"b": 2, payload_nan(): 1}, "", "the order of keys changes"),
    ({"a": 1, "b": 2}, {"b": 2, "c": 1}, "", "key: str changes"),
    ({True: 1, 1.5: 2}, {1: 1, 1.5: 2}, "", "key: bool becomes int"),
    ({1, 2}, {1}, "", "elements are lost"),
    ({1}, {1, 2}, "", "elements are added"),
    ({1}, {True}, "{1}", "int becomes bool"),
    ({1, 2}, {1, 3}, "{2}", "int changes"),
    ({1, 2}, {"1", "2"}, "{1}", "int becomes str"),
    ({0.0, 1.0}, {-0.0, 1.0}, "{0.0}", "the sign of zero is lost"),
    ({1}, frozenset({1}), "", "set becomes frozenset"),
    (collections.deque([1], 3), collections.deque([1]), ".__reduce__()[1]", "tuple of another length"),
    (collections.defaultdict(list), collections.defaultdict(set), ".__reduce__()[1][0]", "type changes"),
    (collections.OrderedDict(a=1), {"a": 1}, "", "OrderedDict becomes dict"),
    (array.array("i", [1]), array.array("l", [1]), ".__reduce__()[1][1]", "str changes"),
    (functools.partial(int, 1), functools.partial(int, 2), ".__reduce__()[2][1][0]", "int changes"),
    (re.compile("a"), re.compile("b"), ".__reduce__()[1][0]", "str changes"),
    (Colour.RED, Colour.BLUE, "._value_", "int changes"),
    (Colour.RED, 1, "", "Colour becomes int"),
    (Size.SMALL, 1, "", "Size becomes int"),
    (Pair(1, 2), (1, 2), "", "Pair becomes tuple"),
    (Point([1]), Point([2]), ".x[0]", "int changes"),
    (Model(), Model(x=1), ".__pydantic_fields_set__", "elements are added"),
    (Slots(1), Slots(2), "._Slots__hidden", "int changes"),
    (counted(1, a=1), counted(2, a=1), "", "Count changes"),
    (counted(1, a=1), counted(1, a=2), ".a", "int changes"),
    (counted(1, a=1), counted(1), "", "attributes are lost"),
    (counted(1), counted(1, a=1), "", "attributes are added"),
    (counted(1, a=1), counted(1, b=1), "", "attributes are lost"),
    (noted("a", "b"), noted("a", "c"), ".note", "str changes"),
    (ValueError(1), ValueError("1"), ".args[0]", "int becomes str"),
    (told(ValueError(), a=1), told(ValueError(), a=2), ".a", "int changes"),
    (Broken([1]), Broken([2]), ".x[0]", "int changes"),
    (BrokenInt(1), BrokenInt(2), "", "BrokenInt changes"),
    (BrokenText("a"), BrokenText("b"), "", "BrokenText changes"),
    (
        {Liar(number) for number in range(9)},
        {Liar(number) for number in range(1, 9)} | {1},
        "{Liar()}",
        "Liar becomes int",
    ),
    (Liar(1), Liar(2), ".x", "int changes"),
    ([Liar(1)], [1], "[0]", "Liar becomes int"),
    (lambda: 1, lambda: 1, "", "function changes"),
    (int, float, "", "type changes"),
    (BrokenList([1]), BrokenList([1]), "", "BrokenList cannot be compared: ZeroDivisionError"),
    (threading.Lock(), threading.Lock(), "", "lock cannot be compared: TypeError"),
    ((n for n in "a"), (n for n in "a"), "", "generator cannot be compared: TypeError"),
    (holding_itself([1]), holding_itself([2]), "[0]", "int changes"),
]


def named(value: object) -> str:
    """The value in short, the same in each process: addresses, and sets in the order of their hashes, are not."""
    return (
        type(value).__name__ if isinstance(value, (set, frozenset)) else re.sub(r"0x[0-9a-f]+", "", brief(value))[:40]
    )


@pytest.mark.parametrize(("sent", "got"), SAME, ids=named)
def test_what_is_the_same_has_no_difference(sent: Any, got: Any) -> None:
    """In both directions."""
    assert difference(sent, got) is None
    assert difference(got, sent) is None


@pytest.mark.parametrize(("sent", "got", "path", "what"), DIFFERENT, ids=named)
def test_what_differs_is_told_with_its_place_and_in_words(sent: Any, got: Any, path: str, what: str) -> None:
    """The first difference, and never none in the other direction."""
    found = difference(sent, got)
    assert found is not None and (found.path, found.what) == (path, what)
    assert difference(got, sent) is not None


@pytest.mark.parametrize("kind", [list, tuple, dict, frozenset])
def test_a_difference_is_found_at_any_depth(kind: Any) -> None:
    """Beyond Python's limit of recursion, too, with the whole way to it."""
    found = difference(nested(kind, 5 * DEPTH, inner=1), nested(kind, 5 * DEPTH, inner="1"))
    assert found is not None and found.what == "int becomes str"
    assert kind is frozenset or found.path == ("['k']" if kind is dict else "[0]") * 5 * DEPTH


def test_values_made_while_comparing_are_not_taken_for_others() -> None:
    """A sequence may make its elements anew each time: their ids come again, and must not look as if they had been met."""

    class Made(list[Any]):
        def __iter__(self) -> Any:
            return ({"x": [number]} for number in super().__iter__())

    for length in range(50):
        same, other = [Made([1]) for _ in range(length)], [Made([1]) for _ in range(length)]
        assert difference(same, other) is None
        assert difference([*same, Made([1])], [*other, Made([2])]) is not None


def test_a_difference_says_where_and_what_became_of_what() -> None:
    """One line, for a person."""
    assert str(difference([(1,)], [[1]])) == "at [0]: tuple becomes list: (1,) became [1]"
    assert str(difference(1, "1")) == "int becomes str: 1 became '1'"


def test_a_long_repr_is_cut_and_a_broken_one_is_told() -> None:
    """Nothing that is told is long, and nothing raises."""
    assert brief([1, "a"]) == "[1, 'a']"
    assert brief("x" * 10**6) == "'" + "x" * 39 + "..." + "x" * 19 + "' (1000002 characters)"
    assert brief(Broken(1)) == "<Broken without a repr: ZeroDivisionError>"
    assert brief(nested(list, 10**5)) == "<list without a repr: RecursionError>"
    assert brief(10**5000) == "<int without a repr: ValueError>"


ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
ANYTHING = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner) | st.builds(Point, inner),
    max_leaves=8,
)


@given(ANYTHING)
def test_a_copy_is_the_same(value: Any) -> None:
    """No false alarm, of whatever is copied."""
    assert difference(value, pickle.loads(pickle.dumps(value))) is None
    assert difference(value, copy.deepcopy(value)) is None


@given(ANYTHING, ANYTHING)
def test_what_python_holds_to_differ_is_never_the_same(one: Any, other: Any) -> None:
    """No false sameness: apart from NaN it is narrower than `==`."""
    if difference(one, other) is None:
        assert repr(one) == repr(other)
