"""Whether two values are exactly the same. `==` is not enough: `1 == True`, `-0.0 == 0.0`, and NaN differs from itself."""

from __future__ import annotations

import copyreg
import datetime
import functools
import math
import types
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

_MOST_CHARACTERS = 80
_PICKLE_PROTOCOL = 4

_TEXT = str | bytes | bytearray | memoryview
_NEST: tuple[type, ...] = (list, tuple, dict, set, frozenset, types.MappingProxyType)
_TIME = datetime.datetime | datetime.time
_NAMED = type | types.FunctionType | types.BuiltinFunctionType | types.ModuleType
"""Types whose values are found by name: two are the same if they are the same object."""

_SAID_BY_REPR = frozenset("datetime decimal fractions pathlib uuid zoneinfo".split())
"""Modules whose values a `repr` describes wholly, and better than `==`: `Decimal("1.0") == Decimal("1.00")`."""

_KNOWN = frozenset((object, bool, int, float, complex, *get_args(_TEXT), *_NEST))
"""Types of C of which nothing is hidden, once they were compared as below. Others are asked what pickle would make of them."""

_OF_C = types.WrapperDescriptorType | types.MethodDescriptorType | types.ClassMethodDescriptorType

_Path: TypeAlias = "tuple[_Path, str, Any] | None"
"""The way to a value: the way to what holds it, and the last step as a format and its content. Spelled out only where it is told."""

_Step: TypeAlias = tuple[str, Any, Any, Any]
"""A step's format and content, and the two values to which it leads."""


_Met: TypeAlias = dict[tuple[int, int], tuple[Any, Any]]
"""Pairs of values by their ids, and the values themselves: an id is another's once its value is gone."""


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
    """Return the first difference between two values, in types or values, at any depth, or None.

    NaN equals NaN, whatever its bits. Elements of sets are compared without order, keys of mappings with it. Objects are the
    same if their types, their arguments (of exceptions) and their attributes are; their own `__eq__` and `__repr__` are not
    called. A value that cannot be compared, because that raises, is reported as a difference.
    """
    pairs: list[tuple[_Path, Any, Any]] = [(None, sent, got)]
    met: _Met = {}
    while pairs:  # No recursion: values that are nested beyond Python's own limit are what this is for.
        path, one, other = pairs.pop()
        if one is other or (id(one), id(other)) in met:
            continue
        try:
            what = _differ(one, other)
            inner = [] if what else list(_inner(one, other))
        except Exception as error:
            what, inner = f"{type(one).__name__} cannot be compared: {type(error).__name__}", []
        if what:
            return Difference(_spelled(path), what, one, other)
        if inner:
            met[id(one), id(other)] = (one, other)
            pairs += [((path, step, content), mine, its) for step, content, mine, its in reversed(inner)]
    return None


def brief(value: Any) -> str:
    """Its `repr`, cut short; also of values that have none."""
    try:
        text = repr(value)
    except Exception as error:  # A broken __repr__, or one that is nested too deep.
        text = f"<{type(value).__name__} without a repr: {type(error).__name__}>"
    half = _MOST_CHARACTERS // 2
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:half]}...{text[-half // 2 :]} ({len(text)} characters)"


def _spelled(path: _Path) -> str:
    steps = []
    while path:
        path, step, content = path
        steps.append(step.format(content if step[0] == "." else brief(content)))
    return "".join(reversed(steps))


def _differ(one: Any, other: Any) -> str:
    """Return how two values themselves differ, ignoring what is inside; empty if they do not."""
    if type(one) is not type(other):
        return f"{type(one).__name__} becomes {type(other).__name__}"
    way = next((differ for kind, differ in _WAYS if isinstance(one, kind)), _differ_in_repr)
    return way(one, other) or _differ_attributes(one, other)


def _differ_named(one: Any, other: Any) -> str:
    return f"{type(one).__name__} changes"  # What is the same object does not come here.


def _differ_in_repr(one: Any, other: Any) -> str:
    return f"{type(one).__name__} changes" if _is_said_by_repr(one) and repr(one) != repr(other) else ""


def _differ_number(mine: Any, its: Any, of_what: str) -> str:
    if len(mine) == len(its):
        return ""
    return f"{of_what} are lost" if len(mine) > len(its) else f"{of_what} are added"


def _differ_attributes(one: Any, other: Any) -> str:
    mine, its = _attributes(one), _attributes(other)
    if mine.keys() == its.keys():
        return ""
    return "attributes are lost" if mine.keys() - its.keys() else "attributes are added"


def _differ_text(one: Any, other: Any) -> str:
    base: Any = next(kind for kind in (str, bytes, bytearray, memoryview) if isinstance(one, kind))
    return "" if base.__eq__(one, other) is True else f"{type(one).__name__} changes"


def _differ_int(one: int, other: int) -> str:
    return "" if int.__eq__(one, other) else f"{type(one).__name__} changes"


def _differ_float(one: float, other: float) -> str:
    mine, its = float.__float__(one), float.__float__(other)
    if math.isnan(mine) and math.isnan(its):
        return ""
    if mine != its:
        return f"{type(one).__name__} changes"
    return "" if math.copysign(1, mine) == math.copysign(1, its) else "the sign of zero is lost"


def _differ_complex(one: complex, other: complex) -> str:
    found = _differ_float(one.real, other.real) or _differ_float(one.imag, other.imag)
    return found.replace("float", "complex")


def _differ_time(one: Any, other: Any) -> str:
    if one.replace(tzinfo=None, fold=0) != other.replace(tzinfo=None, fold=0):
        return f"{type(one).__name__} changes"
    if one.utcoffset() != other.utcoffset():
        return "the offset changes"
    if type(one.tzinfo) is not type(other.tzinfo):
        return f"{type(one.tzinfo).__name__} becomes {type(other.tzinfo).__name__}"
    if difference(one.tzinfo, other.tzinfo):
        return "the zone changes"
    return "" if one.fold == other.fold else "fold is lost"


def _differ_keys(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> str:
    differ = _differ_number(one, other, "keys")
    if differ:
        return differ
    for mine, its in zip(one, other, strict=True):
        found = difference(mine, its)
        if found:
            is_moved = not any(difference(*pair) for pair in _paired(set(one), set(other)))
            return "the order of keys changes" if is_moved else f"key: {found.what}"
    return ""


def _differ_elements(one: Set[Any], other: Set[Any]) -> str:
    return _differ_number(one, other, "elements")


def _differ_length(one: Sequence[Any], other: Sequence[Any]) -> str:
    return "" if len(one) == len(other) else f"{type(one).__name__} of another length"


_WAYS: tuple[tuple[Any, Callable[[Any, Any], str]], ...] = (
    (_NAMED, _differ_named),
    (_TEXT, _differ_text),
    (int, _differ_int),
    (float, _differ_float),
    (complex, _differ_complex),
    (_TIME, _differ_time),
    (Mapping, _differ_keys),
    (Set, _differ_elements),
    (Sequence, _differ_length),
)
"""The first that fits, of two values of one type. Of all others only what is inside is compared."""


def _inner(one: Any, other: Any) -> Iterator[_Step]:
    """Yield everything inside the two values, in pairs."""
    if isinstance(one, Mapping):
        for (key, mine), (_, its) in zip(one.items(), other.items(), strict=True):
            yield "[{}]", key, mine, its
    elif isinstance(one, Set):
        yield from (("{{{}}}", mine, mine, its) for mine, its in _paired(one, other))
    elif isinstance(one, Sequence) and not isinstance(one, _TEXT):
        for index, (mine, its) in enumerate(zip(one, other, strict=True)):
            yield "[{}]", index, mine, its
    elif isinstance(one, BaseException):
        yield ".{}", "args", one.args, other.args
    theirs = _attributes(other)
    for name, mine in _attributes(one).items():
        yield ".{}", name, mine, theirs[name]
    kind: Any = type(one)
    if _hides_something(kind):
        yield ".{}", "__reduce__()", _reduced(one), _reduced(other)


def _paired(one: Set[Any], other: Set[Any]) -> Iterator[tuple[Any, Any]]:
    """Each element of one with its like in the other; what has none with what is left."""
    if len(one) == 1:  # Without a search, which is a recursion.
        yield next(iter(one)), next(iter(other))
        return
    without, left = [], sorted(other, key=_order)
    for mine in sorted(one, key=_order):
        place = next((place for place, its in enumerate(left) if not difference(mine, its)), None)
        if place is None:
            without.append(mine)
        else:
            yield mine, left.pop(place)
    yield from zip(without, left, strict=True)


def _order(value: Any) -> tuple[str, str]:
    return type(value).__name__, brief(value)


def _attributes(value: Any) -> dict[str, Any]:
    """Return an object's attributes by name: its `__dict__` and its slots."""
    if isinstance(value, _NAMED) or _is_said_by_repr(value):
        return {}
    kind: Any = type(value)
    found = {name: getattr(value, name) for name in _slots(kind) if hasattr(value, name)}
    return found | dict(getattr(value, "__dict__", {}))


@functools.lru_cache(maxsize=1024)
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(
        name
        for base in kind.__mro__
        if _is_of_python(base)
        for name, slot in vars(base).items()
        if isinstance(slot, types.MemberDescriptorType)
    )


@functools.lru_cache(maxsize=1024)
def _hides_something(kind: type) -> bool:
    """Whether there is more to it than its attributes and what `_WAYS` look at, as in `deque` (`maxlen`) and `functools.partial`."""
    if issubclass(kind, _NAMED) or kind.__module__.partition(".")[0] in _SAID_BY_REPR:
        return False
    return not all(base in _KNOWN or issubclass(base, BaseException) or _is_of_python(base) for base in kind.__mro__)


def _reduced(value: Any) -> Any:
    """Return what pickle reduces a value to. Raises TypeError if it cannot."""
    reduce = copyreg.dispatch_table.get(type(value))
    return reduce(value) if reduce else value.__reduce_ex__(_PICKLE_PROTOCOL)


def _is_of_python(kind: type) -> bool:
    """Whether a `class` statement created the type."""
    return not any(isinstance(each, _OF_C) and each.__objclass__ is kind for each in vars(kind).values())


def _is_said_by_repr(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in _SAID_BY_REPR
