"""Whether two values are the same to the letter: `==` holds that `1 == True` and `-0.0 == 0.0`, and that NaN differs from itself."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

_MOST_CHARACTERS = 80
_PLAIN = frozenset("builtins datetime decimal fractions pathlib uuid zoneinfo".split())


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place at which two values differ: `path` leads there from the value (`[0]["name"].args`), `what` says how, in words that
    are alike for alike changes ("tuple becomes list"), `sent` and `got` are what stands there.
    """

    path: str
    what: str
    sent: Any
    got: Any

    def __str__(self) -> str:
        where = f"at {self.path}: " if self.path else ""
        return f"{where}{self.what}: {brief(self.sent)} became {brief(self.got)}"


def difference(sent: Any, got: Any) -> Difference | None:
    """The first difference between them, in types or in values, at any depth; None where there is none.

    NaN is the same as NaN, whatever its bits. Elements of sets are compared without an order.
    Objects are the same where their types, their arguments (of exceptions) and their attributes are.
    """
    pairs = [("", sent, got)]
    seen: set[tuple[int, int]] = set()
    while pairs:  # No recursion: values that are nested beyond Python's own limit are what this is for.
        path, one, other = pairs.pop()
        if (id(one), id(other)) in seen:
            continue
        what = _differ(one, other)
        if what:
            return Difference(path, what, one, other)
        if _is_nest(one):
            seen.add((id(one), id(other)))
            pairs += reversed([(path + step, *inner) for step, *inner in _inner(one, other)])
    return None


def brief(value: Any) -> str:
    """Its `repr`, cut short; also of values that have none."""
    try:
        text = repr(value)
    except Exception as error:  # A broken __repr__, or one that is nested too deep.
        text = f"<{type(value).__name__} without a repr: {type(error).__name__}>"
    half = _MOST_CHARACTERS // 2
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:half]}...{text[-half // 2 :]} ({len(text)} characters)"


def _differ(one: Any, other: Any) -> str:
    """How two values differ in themselves, whatever is inside; empty where they do not."""
    if type(one) is not type(other):
        return f"{type(one).__name__} becomes {type(other).__name__}"
    for kind, differ in _WAYS:
        if isinstance(one, kind):
            return differ(one, other)
    return _differ_length(one, other) if _is_nest(one) else _differ_plainly(one, other)


def _differ_plainly(one: Any, other: Any) -> str:
    try:
        same = bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - Decimal's NaN, as float's.
    except ArithmeticError:  # Decimal's signalling NaN cannot even be compared.
        same = True
    return "" if same and repr(one) == repr(other) else f"{type(one).__name__} changes"


def _differ_float(one: float, other: float) -> str:
    if math.isnan(one) and math.isnan(other):
        return ""
    if one != other:
        return "float changes"
    return "" if math.copysign(1, one) == math.copysign(1, other) else "the sign of zero is lost"


def _differ_time(one: Any, other: Any) -> str:
    if one.replace(tzinfo=None, fold=0) != other.replace(tzinfo=None, fold=0):
        return f"{type(one).__name__} changes"
    if one.utcoffset() != other.utcoffset():
        return "the offset changes"
    if type(one.tzinfo) is not type(other.tzinfo):
        return f"{type(one.tzinfo).__name__} becomes {type(other.tzinfo).__name__}"
    if one.tzinfo != other.tzinfo:
        return "the zone changes"
    return "" if one.fold == other.fold else "fold is lost"


def _differ_keys(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> str:
    if len(one) != len(other):
        return "keys are lost" if len(one) > len(other) else "keys are added"
    for mine, its in zip(one, other, strict=True):
        found = difference(mine, its)
        if found:
            return "the order of keys changes" if _marks(one) == _marks(other) else f"key: {found.what}"
    return ""


def _differ_elements(one: Set[Any], other: Set[Any]) -> str:
    return "" if _marks(one) == _marks(other) else "elements change"


def _differ_length(one: Any, other: Any) -> str:
    mine, its = len(list(_parts(one))), len(list(_parts(other)))
    return "" if mine == its else f"{type(one).__name__} of another length"


_WAYS: tuple[tuple[Any, Callable[[Any, Any], str]], ...] = (
    (float, _differ_float),
    (datetime.datetime | datetime.time, _differ_time),
    (Mapping, _differ_keys),
    (Set, _differ_elements),
)


def _marks(values: Any) -> list[str]:
    return sorted(f"{type(value).__name__} {value!r}" for value in values)


def _is_nest(value: Any) -> bool:
    if isinstance(value, str | bytes | bytearray | memoryview | range | type):
        return False
    return isinstance(value, Mapping | Sequence | BaseException) or bool(_attributes(value))


def _inner(one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    for (step, mine), (_, its) in zip(_parts(one), _parts(other), strict=True):
        yield step, mine, its


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Each step that leads into a value, and what is there."""
    if isinstance(value, Mapping):
        yield from ((f"[{brief(key)}]", inner) for key, inner in value.items())
    elif isinstance(value, Sequence):
        yield from ((f"[{index}]", inner) for index, inner in enumerate(value))
    elif isinstance(value, BaseException):
        yield ".args", value.args
    yield from ((f".{name}", inner) for name, inner in _attributes(value).items())


def _attributes(value: Any) -> dict[str, Any]:
    """What an object is made of, in its `__dict__` and its slots; nothing for values whose `repr` says it all."""
    if callable(value) or type(value).__module__ in _PLAIN:
        return {}
    names = [name for kind in type(value).__mro__ for name in _slots(kind) if hasattr(value, name)]
    return {name: getattr(value, name) for name in names} | dict(getattr(value, "__dict__", {}))


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return tuple(
        name for name in ((slots,) if isinstance(slots, str) else slots) if name not in ("__dict__", "__weakref__")
    )
