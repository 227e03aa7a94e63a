"""Each kind draws what it says, with what hurts of it, and nothing else; so do the mixtures of them."""

from __future__ import annotations

import collections
import datetime
import enum
import functools
import json
import math
import subprocess
import sys
import unicodedata
import uuid
import zoneinfo
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from stormproof.serializers.strategies import (
    HEAVY,
    KINDS,
    Mixture,
    about,
    containers,
    json_values,
    mixtures,
    specimens,
    values,
)
from stormproof.serializers.strategies.nests import ENVELOPE, MAPPINGS, ROWS

ENOUGH = 100
PATIENT = settings(
    database=None,
    deadline=None,
    max_examples=ENOUGH,
    phases=[Phase.generate],  # What is found need not be small.
    suppress_health_check=list(HealthCheck),
)


@functools.cache
def drawn(kind: str) -> list[Any]:
    """The same each time."""
    examples: list[Any] = []

    @seed(1)
    @settings(PATIENT)
    @given(KINDS[kind])
    def collect(value: Any) -> None:
        examples.append(value)

    collect()
    return examples


def is_(kind: type) -> Callable[[Any], bool]:
    """Of this very type."""
    return lambda value: type(value) is kind


def dict_by(*kinds: type) -> Callable[[Any], bool]:
    """A mapping by keys of these types, and not an empty one."""
    return lambda value: type(value) is dict and bool(value) and {type(key) for key in value} <= set(kinds)


def is_text(value: Any) -> bool:
    return type(value) is str


def categories(text: str) -> set[str]:
    return {unicodedata.category(character) for character in text}


def is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def seconds_of_offset(value: Any) -> float:
    offset = value.utcoffset()
    assert offset is not None
    return float(offset.total_seconds() % 60)


def depth(value: Any) -> int:
    levels = 0
    while isinstance(value, list | dict):
        levels += 1
        inner = list(value.values()) if isinstance(value, dict) else value
        value = inner[0] if inner else None
    return levels


def is_naive(value: datetime.datetime) -> bool:
    return type(value) is datetime.datetime and value.tzinfo is None and not value.fold


def has_fixed_offset(value: Any) -> bool:
    return type(value.tzinfo) is datetime.timezone


ALL: dict[str, Callable[[Any], bool]] = {
    "None, True, False": lambda v: v is None or type(v) is bool,
    "integer of 53 bits": lambda v: type(v) is int and -(2**53) <= v <= 2**53,
    "integer of 64 bits": lambda v: type(v) is int and abs(v) > 2**53 and -(2**63) <= v < 2**64,
    "integer beyond 64 bits": lambda v: type(v) is int and not -(2**63) <= v < 2**64,
    "integer of 4,300 digits and more": lambda v: type(v) is int and abs(v) >= 10**4300,
    "float": lambda v: type(v) is float and math.isfinite(v) and str(v) != "-0.0",
    "-0.0": lambda v: type(v) is float and str(v) == "-0.0",
    "NaN, infinity": lambda v: type(v) is float and not math.isfinite(v),
    "complex": is_(complex),
    "Decimal": lambda v: type(v) is Decimal and v.is_finite(),
    "Decimal that is no number": lambda v: type(v) is Decimal and (not v.is_finite() or v == 0),
    "Fraction": is_(Fraction),
    "text, ASCII": lambda v: is_text(v) and v.isascii() and (v.isprintable()),
    "text of any script": lambda v: is_text(v) and not categories(v) & {"Cs", "Cc"},
    "text with control characters": lambda v: is_text(v) and bool(categories(v) & {"Cc", "Zl"}),
    "text that looks like something else": is_text,
    "text with half a character": lambda v: is_text(v) and sum("\ud800" <= c <= "\udfff" for c in v) == 1,
    "text with two halves of a character": lambda v: is_text(v) and json.loads(json.dumps(v)) != v,
    "text of 1 MB": lambda v: is_text(v) and len(v) == 2**20,
    "subclass of str": is_(specimens.Label),
    "subclass of int": is_(specimens.Count),
    "bytes, UTF-8": lambda v: type(v) is bytes and is_utf8(v),
    "bytes, not UTF-8": lambda v: type(v) is bytes and not is_utf8(v),
    "bytearray": is_(bytearray),
    "memoryview": is_(memoryview),
    "datetime, naive": is_naive,
    "datetime of a fixed offset": lambda v: has_fixed_offset(v) and seconds_of_offset(v) == 0,
    "datetime of an offset with seconds": lambda v: has_fixed_offset(v) and seconds_of_offset(v) != 0,
    "datetime of an offset with a name": lambda v: v.tzname() == "CET",
    "datetime of a zone": lambda v: type(v.tzinfo) is zoneinfo.ZoneInfo and seconds_of_offset(v) == 0,
    "datetime, the second time (fold)": lambda v: v.fold == 1,
    "date": is_(datetime.date),
    "time": lambda v: type(v) is datetime.time and not v.fold and (v.tzinfo is None or has_fixed_offset(v)),
    "time of a zone": lambda v: type(v.tzinfo) is zoneinfo.ZoneInfo and v.utcoffset() is None,
    "timedelta": is_(datetime.timedelta),
    "UUID": is_(uuid.UUID),
    "Path": lambda v: isinstance(v, PurePath),
    "range": is_(range),
    "function, class": lambda v: getattr(sys.modules[v.__module__], v.__qualname__) is v,
    "function without a name": lambda v: callable(v) and "<lambda>" in v.__qualname__,
    "Enum": lambda v: isinstance(v, enum.Enum) and not isinstance(v, int | str),
    "IntEnum": lambda v: isinstance(v, enum.IntEnum),
    "StrEnum": lambda v: isinstance(v, enum.StrEnum),
    "dataclass": is_(specimens.Point),
    "pydantic model": lambda v: isinstance(v, pydantic.BaseModel),
    "object": lambda v: type(v) is specimens.Parcel and v != specimens.Parcel(v.number),
    "object with __json__": lambda v: v.__json__() == {"cents": v.cents},
    "object whose __json__ fails": lambda v: raises(v.__json__),
    "object whose repr fails": lambda v: raises(lambda: repr(v)),
    "exception": lambda v: isinstance(v, Exception),
    "list": is_(list),
    "tuple": is_(tuple),
    "namedtuple": is_(specimens.Pair),
    "deque": is_(collections.deque),
    "set": is_(set),
    "frozenset": is_(frozenset),
    "dict": is_(dict),
    "OrderedDict": is_(collections.OrderedDict),
    "defaultdict": is_(collections.defaultdict),
    "dict by integer": dict_by(int),
    "dict by float": dict_by(float),
    "dict by None, True, False": dict_by(bool, type(None)),
    "dict by tuple": dict_by(tuple),
    "dict by bytes": dict_by(bytes),
    "dict by date": dict_by(datetime.date),
    "dict by UUID, Enum": dict_by(uuid.UUID, specimens.Colour),
    "dict by StrEnum, subclass of str": dict_by(specimens.Channel, specimens.Label),
    "dict whose keys collide as text": lambda v: len(json.loads(json.dumps(v))) < len(v),
    "dict like kombu's envelope": lambda v: v.keys() == ENVELOPE,
    "dict like a broken envelope": lambda v: v.keys() == ENVELOPE,
    "1,000 levels deep": lambda v: depth(v) == 1000,
    "list that holds itself": lambda v: v[0] is v,
}
"""What every example of a kind is."""


def raises(what: Callable[[], Any]) -> bool:
    try:
        what()
    except ZeroDivisionError:
        return True
    return False


SOME: list[tuple[str, Callable[[Any], bool]]] = [
    ("None, True, False", lambda v: v is None),
    ("None, True, False", lambda v: v is True),
    ("integer of 64 bits", lambda v: v > 2**63),
    ("integer of 64 bits", lambda v: v < 0),
    ("integer beyond 64 bits", lambda v: v < 0),
    ("integer of 4,300 digits and more", lambda v: v < 0),
    ("float", lambda v: v == 5e-324),
    ("float", lambda v: v > 1e300),
    ("NaN, infinity", math.isnan),
    ("NaN, infinity", lambda v: v == -math.inf),
    ("Decimal", lambda v: str(v) == "1.00"),
    ("Decimal", lambda v: "E" in str(v)),
    ("Decimal that is no number", lambda v: v.is_snan()),
    ("Decimal that is no number", lambda v: str(v) == "-0"),
    ("text of any script", lambda v: any(unicodedata.bidirectional(c) == "R" for c in v)),
    ("text of any script", lambda v: any(unicodedata.combining(c) for c in v)),
    ("text of any script", lambda v: "\u202e" in v),
    ("text of any script", lambda v: any(ord(c) > 0xFFFF for c in v)),
    ("text with control characters", lambda v: "\0" in v),
    ("text with control characters", lambda v: "\u2028" in v),
    ("text with half a character", lambda v: v < "\udc00" and len(v) == 1),
    ("datetime, naive", lambda v: v.microsecond != 0),
    ("datetime, naive", lambda v: v.year < 1000),
    ("datetime of a fixed offset", lambda v: v.utcoffset() < datetime.timedelta()),
    ("datetime of a zone", lambda v: v.dst() != datetime.timedelta()),
    ("datetime, the second time (fold)", lambda v: v.tzinfo is None),
    ("datetime, the second time (fold)", lambda v: v.tzinfo is not None),
    ("time", lambda v: v.tzinfo is not None),
    ("timedelta", lambda v: v < datetime.timedelta()),
    ("pydantic model", lambda v: "note" not in v.model_fields_set),
    ("pydantic model", lambda v: "note" in v.model_fields_set),
    ("deque", lambda v: v.maxlen is not None),
    ("dict", lambda v: list(v) != sorted(v)),
    ("dict by float", lambda v: any(math.isnan(key) for key in v)),
    ("1,000 levels deep", lambda v: isinstance(v, dict)),
]
"""What some examples of a kind are: each hurts in its own way."""


@pytest.mark.parametrize("kind", KINDS)
def test_all_examples_of_a_kind_are_what_it_says(kind: str) -> None:
    """A kind that is wider than its name would mix up rows of the table."""
    examples = drawn(kind)
    assert examples
    assert all(ALL[kind](value) for value in examples)


@pytest.mark.parametrize(("kind", "is_hard"), SOME)
def test_some_examples_of_a_kind_are_of_each_hard_sort(kind: str, is_hard: Callable[[Any], bool]) -> None:
    """Without having to be lucky."""
    assert any(is_hard(value) for value in drawn(kind))


def test_every_kind_has_a_test_and_says_why_it_hurts() -> None:
    """In the order in which they are drawn, from simple to hostile."""
    assert list(ALL) == list(KINDS)
    assert all(about(kind).endswith(".") for kind in KINDS)
    assert KINDS.keys() >= HEAVY
    with pytest.raises(KeyError):
        about("phlogiston")


@given(mixtures())
def test_a_mixture_holds_no_heavy_kind_unless_it_is_asked_for(mixture: Mixture) -> None:
    """It would slow everything down."""
    assert mixture.kinds
    assert not mixture.kinds & HEAVY


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_be_in_a_mixture(kind: str) -> None:
    """By itself, and within a list."""
    by_itself = find(mixtures([kind]), lambda mixture: True, settings=PATIENT)
    assert by_itself.kinds == {kind}
    held = find(mixtures(["list", kind]), lambda mixture: mixture.kinds == {"list", kind}, settings=PATIENT)
    assert kind in ("list", *ROWS, *MAPPINGS) or isinstance(held.value, list)


def test_values_of_all_kinds_but_the_heavy_ones_are_mixed() -> None:
    """Nested in each other."""
    met: set[str] = set()

    @settings(PATIENT, max_examples=1000)
    @seed(1)
    @given(mixtures())
    def collect(mixture: Mixture) -> None:
        met.update(mixture.kinds)

    collect()
    assert met == KINDS.keys() - HEAVY


def test_a_kind_that_is_not_there_is_an_error() -> None:
    """A name misspelt must not make a test draw less."""
    with pytest.raises(KeyError):
        find(values(["phlogiston"]), lambda value: True, settings=PATIENT)


@given(mixtures(["object whose repr fails", "integer of 4,300 digits and more", "list"]))
def test_a_mixture_can_be_printed_whatever_is_in_it(mixture: Mixture) -> None:
    """A failing test must be able to say of what it failed."""
    assert str(mixture).endswith(f"({'; '.join(sorted(mixture.kinds))})")


def inside(value: Any) -> list[Any]:
    """A value of JSON and all values and keys in it."""
    found, left = [], [value]
    while left:
        one = left.pop()
        found.append(one)
        left += one if isinstance(one, list) else [*one, *one.values()] if isinstance(one, dict) else []
    return found


@given(json_values())
def test_json_values_are_what_json_has_words_for(value: Any) -> None:
    """No tuple, no key but text, no envelope, and no two halves of a character."""
    for one in inside(value):
        assert one is None or type(one) in (bool, int, float, str, list, dict)
        assert not isinstance(one, dict) or (one.keys() != ENVELOPE and all(type(key) is str for key in one))
        assert not isinstance(one, str) or json.loads(json.dumps(one)) == one


HARD_JSON: list[Callable[[Any], bool]] = [
    lambda v: isinstance(v, float) and math.isnan(v),
    lambda v: isinstance(v, float) and str(v) == "-0.0",
    lambda v: isinstance(v, int) and abs(v) > 2**64,
    lambda v: isinstance(v, str) and "\0" in v,
    lambda v: isinstance(v, str) and "Cs" in categories(v),
    lambda v: isinstance(v, str) and any(unicodedata.combining(c) for c in v),
    lambda v: isinstance(v, dict) and any(isinstance(inner, list) and inner for inner in v.values()),
]


@pytest.mark.parametrize("is_hard", HARD_JSON)
def test_json_values_have_everything_that_hurts(is_hard: Callable[[Any], bool]) -> None:
    """`find` raises where there is none."""
    has_it = lambda value: any(is_hard(one) for one in inside(value))  # noqa: E731 - `find` tells its name.
    assert has_it(find(json_values(), has_it, settings=settings(PATIENT, max_examples=2000)))


def test_containers_hold_what_they_are_given() -> None:
    """Lists, tuples, mappings and the like: each of these, with the given in it."""
    for kind in (
        list,
        tuple,
        specimens.Pair,
        collections.deque,
        dict,
        collections.OrderedDict,
        collections.defaultdict,
    ):
        found = find(
            containers(KINDS["-0.0"]), lambda value, kind=kind: type(value) is kind and bool(value), settings=PATIENT
        )
        assert "-0.0" in str(found) or kind is specimens.Pair


def test_stormproof_itself_does_not_load_hypothesis() -> None:
    """It takes half a second, which each start of the command would wait for."""
    code = "import sys, stormproof; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
