"""Lists, sets, dicts and their like, of a few parts each. Of an abstract type the plainest concrete one is drawn: who is annotated
`Sequence` cannot tell a list from a tuple.
"""

from __future__ import annotations

import collections
import collections.abc
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stormproof.serializers.bounds import Bounds
from stormproof.serializers.leaves import PLAIN_TEXT

UNTOLD = object()
"""Stands for what a bare `list` or `dict` does not say."""
_MORE = 4
_LISTS: tuple[Any, ...] = (list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable)
_LISTS += (collections.abc.Collection, collections.abc.Container, collections.abc.Reversible)
_SETS = (set, collections.abc.Set, collections.abc.MutableSet)
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_DICTS_OF_C = (collections.OrderedDict, collections.defaultdict)

Of = Callable[[Any], SearchStrategy[Any]]
"""From the annotation of a part to its strategy."""


def is_container(kind: Any) -> bool:
    """Whether values of it are drawn here."""
    return kind in _MAKERS


def container(kind: Any, inner: tuple[Any, ...], bounds: Bounds, of: Of) -> SearchStrategy[Any]:
    """Of one of them, `inner` being what it is annotated with: `(str, int)` of `dict[str, int]`, nothing of a bare `dict`."""
    return _MAKERS[kind](of, inner or _OF_WHAT.get(kind, (UNTOLD,)), bounds)


def _few(bounds: Bounds, parts: SearchStrategy[Any]) -> dict[str, Any]:
    """Sizes. Many parts show nothing that few do not, and models of models grow with each."""
    least = bounds.min_length or 0
    most = least + _MORE if bounds.max_length is None else bounds.max_length
    return {"min_size": least, "max_size": least if parts.is_empty else most}


def _list(of: Of, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    parts = of(inner[0])
    return st.lists(parts, **_few(bounds, parts))


def _tuple(of: Of, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    if len(inner) == 2 and inner[1] is ...:
        return _list(of, inner, bounds).map(tuple)
    return st.tuples(*[of(each) for each in inner])


def _set(of: Of, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    parts = _hashable(of(inner[0]))
    return st.sets(parts, **_few(bounds, parts))


def _hashable(parts: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return parts.filter(Bounds(predicates=(_has_a_hash,)))


def _has_a_hash(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _dict(of: Of, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    keys, values = inner
    # JSON's keys are text: where it is not said what they are, no others are guessed.
    names = st.text(PLAIN_TEXT) if keys in (Any, UNTOLD) else _hashable(of(keys))
    drawn = of(values)
    usual = st.dictionaries(names, drawn, **_few(bounds, drawn))
    if keys is not str or bounds != Bounds():
        return usual
    # Keys of any text are also those with which kombu's JSON marks what JSON cannot say.
    marked = st.fixed_dictionaries({"__type__": drawn, "__value__": drawn})
    if values is str:
        marked |= st.fixed_dictionaries({"__type__": st.just("bytes"), "__value__": st.text(PLAIN_TEXT)})
    return usual | marked


def _counter(of: Of, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    names = _hashable(of(inner[0]))
    return st.dictionaries(names, st.integers(), **_few(bounds, names)).map(collections.Counter)


def _defaultdict(values: dict[Any, Any]) -> collections.defaultdict[Any, Any]:
    return collections.defaultdict(None, values)


_OF_WHAT: dict[Any, tuple[Any, ...]] = {
    **dict.fromkeys((*_DICTS, *_DICTS_OF_C), (UNTOLD, UNTOLD)),
    tuple: (UNTOLD, ...),
}
_MAKERS: dict[Any, Callable[[Of, tuple[Any, ...], Bounds], SearchStrategy[Any]]] = {
    **dict.fromkeys(_LISTS, _list),
    **dict.fromkeys(_SETS, _set),
    **dict.fromkeys(_DICTS, _dict),
    tuple: _tuple,
    frozenset: lambda of, inner, bounds: _set(of, inner, bounds).map(frozenset),
    collections.deque: lambda of, inner, bounds: _list(of, inner, bounds).map(collections.deque),
    collections.OrderedDict: lambda of, inner, bounds: _dict(of, inner, bounds).map(collections.OrderedDict),
    collections.defaultdict: lambda of, inner, bounds: _dict(of, inner, bounds).map(_defaultdict),
    collections.Counter: _counter,
}
