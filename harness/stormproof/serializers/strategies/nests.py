"""What holds other values: in a row, by key, or itself."""

from __future__ import annotations

import collections
import datetime
import math
import uuid
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stormproof.serializers.strategies import specimens
from stormproof.serializers.strategies.texts import plain_texts

ENVELOPE = frozenset(("__type__", "__value__"))
"""The keys by which kombu's JSON knows a value that JSON has no word for."""

_LEVELS = 1000
_MOST = 3

ROWS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "namedtuple": lambda values: specimens.Pair(values[0] if values else None, values[1:]),
    "deque": collections.deque,
}
"""What is made of a row of values, by kind."""

MAPPINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "dict": dict,
    "OrderedDict": collections.OrderedDict,
    "defaultdict": lambda values: collections.defaultdict(list, values),
}
"""What is made of values by keys that are text, by kind."""


def keys() -> SearchStrategy[str]:
    """Text that is a key of no envelope of kombu's."""
    return plain_texts().filter(lambda key: key not in ENVELOPE)


def rows(kind: str, children: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Up to three `children` in one of ROWS."""
    return st.lists(children, max_size=_MOST).map(ROWS[kind])


def mappings(kind: str, children: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Up to three `children` in one of MAPPINGS, the order of whose keys is theirs to keep."""
    return st.dictionaries(keys(), children, max_size=_MOST).map(MAPPINGS[kind])


def containers(children: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Anything that holds up to three `children`: lists, tuples, namedtuples, deques, dicts and their subclasses."""
    return st.one_of(
        *(rows(kind, children) for kind in ROWS),
        *(mappings(kind, children) for kind in MAPPINGS),
    )


def _few() -> SearchStrategy[int]:
    return st.integers(0, 9)


def lists() -> SearchStrategy[list[int]]:
    """The one sequence that JSON has."""
    return rows("list", _few())


def tuples() -> SearchStrategy[tuple[int, ...]]:
    """They may be keys and elements of sets; as the lists that they become they may not."""
    return rows("tuple", _few())


def namedtuples() -> SearchStrategy[specimens.Pair]:
    """Tuples whose elements have names, which are lost first."""
    return rows("namedtuple", _few())


def deques() -> SearchStrategy[collections.deque[int]]:
    """Queues, which are no lists, with a greatest length or without."""
    return rows("deque", _few()) | st.builds(collections.deque, st.just([1]), maxlen=st.just(1))


def sets() -> SearchStrategy[set[int]]:
    """Of no order."""
    return st.sets(_few(), max_size=_MOST)


def frozensets() -> SearchStrategy[frozenset[int]]:
    """Sets that may be keys."""
    return st.frozensets(_few(), max_size=_MOST)


def dicts() -> SearchStrategy[dict[str, int]]:
    """With keys of text, in an order which a program may rely on."""
    return mappings("dict", _few())


def ordered_dicts() -> SearchStrategy[collections.OrderedDict[str, int]]:
    """Mappings that differ where their order does."""
    return mappings("OrderedDict", _few())


def default_dicts() -> SearchStrategy[collections.defaultdict[str, int]]:
    """Mappings that make what they lack; as a dict they raise KeyError instead."""
    return mappings("defaultdict", _few())


def _keyed_by(some: SearchStrategy[Any]) -> SearchStrategy[dict[Any, int]]:
    return st.dictionaries(some, _few(), min_size=1, max_size=_MOST)


def dicts_by_integer() -> SearchStrategy[dict[int, int]]:
    """`{1: "a"}`, the commonest mapping of them all, whose keys JSON makes text."""
    return _keyed_by(_few())


def dicts_by_float() -> SearchStrategy[dict[float, int]]:
    """With keys such as NaN, which nobody finds again."""
    return _keyed_by(st.sampled_from([0.5, 1.0, 1e16, math.nan, math.inf]))


def dicts_by_constant() -> SearchStrategy[dict[Any, int]]:
    """With the keys True, False and None, which JSON makes "true", "false" and "null"."""
    rows = st.sampled_from([(None,), (False,), (True,), (False, True), (True, False), (None, True)])
    return rows.map(lambda keys: {key: at for at, key in enumerate(keys)})


def dicts_by_tuple() -> SearchStrategy[dict[Any, int]]:
    """With tuples for keys, as tables of pairs have them."""
    return _keyed_by(st.tuples(_few(), _few()))


def dicts_by_bytes() -> SearchStrategy[dict[bytes, int]]:
    """With bytes for keys, as headers have them."""
    return _keyed_by(st.binary(max_size=4))


def dicts_by_date() -> SearchStrategy[dict[datetime.date, int]]:
    """With days for keys, as calendars and statistics have them: a date is well as a value and may not be as a key."""
    return _keyed_by(st.dates())


def dicts_by_object() -> SearchStrategy[dict[Any, int]]:
    """With UUIDs and members of enums for keys."""
    return _keyed_by(st.sampled_from([uuid.UUID(int=1), specimens.Colour.RED]))


def dicts_by_text_of_a_class() -> SearchStrategy[dict[Any, int]]:
    """With members of text enums and subclasses of text for keys."""
    return _keyed_by(st.sampled_from([specimens.Channel.MAIL, specimens.Label("a")]))


def dicts_whose_keys_collide() -> SearchStrategy[dict[Any, int]]:
    """With keys that differ, and are the same text: one of two values is lost."""
    pairs = st.sampled_from([(1, "1"), (None, "null"), (True, "true"), (0.5, "0.5")])
    return pairs.flatmap(st.permutations).map(lambda pair: {key: at for at, key in enumerate(pair)})


def dicts_like_an_envelope() -> SearchStrategy[dict[str, Any]]:
    """A user's mapping that looks as kombu's JSON writes a date, a UUID or bytes, and so is read as one."""
    envelopes = {
        "datetime": "2024-02-29T12:00:00",
        "date": "2024-02-29",
        "time": "12:00:00",
        "decimal": "1.5",
        "uuid": {"hex": "0" * 32},
        "bytes": "a",
        "base64": "YQ==",
    }
    return st.sampled_from(list(envelopes.items())).map(_in_an_envelope)


def dicts_like_a_broken_envelope() -> SearchStrategy[dict[str, Any]]:
    """A user's mapping that has an envelope's two keys, and in them what kombu's JSON cannot read."""
    broken = [
        ("", 0),
        ("point", [1, 2]),
        ([], 0),
        ("decimal", "a"),
        ("uuid", 0),
        ("datetime", "noon"),
        ("bytes", 0),
        ("base64", "a"),
    ]
    return st.sampled_from(broken).map(_in_an_envelope)


def _in_an_envelope(pair: tuple[Any, Any]) -> dict[str, Any]:
    return {"__type__": pair[0], "__value__": pair[1]}


def lists_of_a_thousand_levels() -> SearchStrategy[Any]:
    """Lists or mappings, as deep as Python lets a function call itself: encoders and decoders that call themselves fail. Where they are of C,
    it depends on the version of Python: 3.12 and later let more pass.
    """
    return st.booleans().map(lambda by_key: specimens.nested(_LEVELS, by_key=by_key))


def lists_that_hold_themselves() -> SearchStrategy[list[Any]]:
    """Without an end: what walks through it must notice."""
    return st.builds(specimens.holding_itself)
