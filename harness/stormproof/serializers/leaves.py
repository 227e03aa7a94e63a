"""Values without parts, drawn as wide as their types are: a `datetime` may be aware or not, a `float` NaN, a `str` half a character."""

from __future__ import annotations

import datetime
import decimal
import ipaddress
import pathlib
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import pydantic
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stormproof.serializers.bounds import Bounds

_FAR_FUTURE = datetime.datetime(2900, 1, 1)
PLAIN_TEXT = st.characters(exclude_categories=["Cs"])
"""All characters but half ones. `text()` has the same, of which it asks UTF-8, one by one: that takes a second."""
_ODD = "a \0\n\u0301\ud800"
"""What is stripped, cut off, composed, or cannot be said in UTF-8, is one character of thousands, and is not left to luck. Of the halves of a
character only the first is drawn: JSON makes one of the two, so that no `str` would survive.
"""
_OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))
_ZONES = st.one_of(st.just(datetime.UTC), _OFFSETS, st.timezones())


def leaf(kind: Any, bounds: Bounds) -> SearchStrategy[Any] | None:
    """A strategy for a type that has no parts; None where it is not known here. Raises Hypothesis' InvalidArgument."""
    make = _LEAVES.get(kind) if isinstance(kind, type) else None
    if make is None:
        make = _special(kind)
    if make is None:
        return None
    return make(bounds) if bounds == Bounds() else make(bounds).filter(bounds)


def _integers(bounds: Bounds) -> SearchStrategy[Any]:
    step = bounds.multiple_of or 1
    least = None if bounds.least is None else -(-bounds.least // step)
    most = None if bounds.most is None else bounds.most // step
    return st.integers(_whole(least), _whole(most)).map(lambda number: number * step)


def _whole(bound: Any) -> int | None:
    return None if bound is None else int(bound)


def _floats(bounds: Bounds) -> SearchStrategy[Any]:
    if bounds.multiple_of is not None:
        return _integers(bounds).map(float)
    wide = None if not bounds.finite else False
    return st.floats(_float(bounds.least), _float(bounds.most), allow_nan=wide, allow_infinity=wide)


def _float(bound: Any) -> float | None:
    return None if bound is None else float(bound)


def _decimals(bounds: Bounds) -> SearchStrategy[Any]:
    least, most, places = bounds.least, bounds.most, bounds.decimal_places
    if bounds.max_digits is not None:
        edge = decimal.Decimal(10) ** (bounds.max_digits - (places or 0)) - decimal.Decimal(10) ** -(places or 0)
        least, most = (-edge if least is None else least), (edge if most is None else most)
    unbounded = least is None and most is None and not bounds.finite
    return st.decimals(least, most, places=places, allow_nan=None if unbounded else False)


def _text(bounds: Bounds) -> SearchStrategy[Any]:
    if bounds.pattern is not None:
        return _matching(bounds.pattern)
    return st.text(PLAIN_TEXT, **bounds.sizes) | st.text(_ODD, **bounds.sizes)


def _matching(pattern: Any) -> SearchStrategy[Any]:
    """pydantic's `$` is the very end, and Python's is not."""
    if isinstance(pattern, str) and pattern.startswith("^") and pattern.endswith("$"):
        return st.from_regex(pattern[1:-1], fullmatch=True)
    return st.from_regex(pattern)


def _binary(bounds: Bounds) -> SearchStrategy[Any]:
    return st.binary(**bounds.sizes)


def _dates(bounds: Bounds) -> SearchStrategy[Any]:
    return st.dates(bounds.least or datetime.date.min, bounds.most or datetime.date.max)


def _naive(bounds: Bounds) -> SearchStrategy[Any]:
    return st.datetimes(*_naive_edges(bounds))


def _aware(bounds: Bounds) -> SearchStrategy[Any]:
    return st.datetimes(*_naive_edges(bounds), timezones=_ZONES)


def _naive_edges(bounds: Bounds) -> tuple[datetime.datetime, datetime.datetime]:
    least, most = bounds.least or datetime.datetime.min, bounds.most or datetime.datetime.max
    return least.replace(tzinfo=None), most.replace(tzinfo=None)


def _datetimes(bounds: Bounds) -> SearchStrategy[Any]:
    return _naive(bounds) | _aware(bounds)


def _times(_: Bounds) -> SearchStrategy[Any]:
    return st.times() | st.times(timezones=_ZONES)


def _timedeltas(bounds: Bounds) -> SearchStrategy[Any]:
    return st.timedeltas(bounds.least or datetime.timedelta.min, bounds.most or datetime.timedelta.max)


def _paths(kind: type) -> Callable[[Bounds], SearchStrategy[Any]]:
    return lambda _: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(kind)


_LEAVES: dict[type, Callable[[Bounds], SearchStrategy[Any]]] = {
    type(None): lambda _: st.none(),
    bool: lambda _: st.booleans(),
    int: _integers,
    float: _floats,
    complex: lambda _: st.complex_numbers(),
    decimal.Decimal: _decimals,
    str: _text,
    bytes: _binary,
    bytearray: lambda bounds: _binary(bounds).map(bytearray),
    datetime.datetime: _datetimes,
    datetime.date: _dates,
    datetime.time: _times,
    datetime.timedelta: _timedeltas,
    datetime.timezone: lambda _: _OFFSETS,
    zoneinfo.ZoneInfo: lambda _: st.timezones(),
    uuid.UUID: lambda _: st.uuids(),
    ipaddress.IPv4Address: lambda _: st.ip_addresses(v=4),
    ipaddress.IPv6Address: lambda _: st.ip_addresses(v=6),
    pathlib.Path: _paths(pathlib.Path),
    pathlib.PurePath: _paths(pathlib.PurePath),
    pathlib.PosixPath: _paths(pathlib.PosixPath),
    pathlib.PurePosixPath: _paths(pathlib.PurePosixPath),
}
"""Of types that say nothing more: exactly these classes, as a subclass of `str` is not a `str` to a serializer."""


def _special(kind: Any) -> Callable[[Bounds], SearchStrategy[Any]] | None:
    """pydantic's own types, which stand for other types, or are made by a validator."""
    if isinstance(kind, type) and issubclass(kind, pydantic.AnyUrl):
        scheme = next(iter(kind._constraints.allowed_schemes or ["https"]))
        return lambda _: st.sampled_from("ab").map(lambda host: kind(f"{scheme}://{host}.example/"))
    return _STAND_FOR.get(kind) if isinstance(kind, type) else None


_STAND_FOR: dict[Any, Callable[[Bounds], SearchStrategy[Any]]] = {
    pydantic.EmailStr: lambda _: st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.com", fullmatch=True),
    pydantic.AwareDatetime: _aware,
    pydantic.NaiveDatetime: _naive,
    pydantic.PastDatetime: lambda _: st.datetimes(max_value=datetime.datetime(2020, 1, 1)),
    pydantic.FutureDatetime: lambda _: st.datetimes(min_value=_FAR_FUTURE),
    pydantic.PastDate: lambda _: st.dates(max_value=datetime.date(2020, 1, 1)),
    pydantic.FutureDate: lambda _: st.dates(min_value=_FAR_FUTURE.date()),
    pydantic.SecretStr: lambda bounds: _text(bounds).map(pydantic.SecretStr),
    pydantic.SecretBytes: lambda bounds: _binary(bounds).map(pydantic.SecretBytes),
    pydantic.IPvAnyAddress: lambda _: st.ip_addresses(),
}
