"""An annotation as a Hypothesis strategy, and what of that is a guess."""

from __future__ import annotations

import collections
import collections.abc
import enum
import inspect
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from stormproof.serial import records
from stormproof.serial.bounds import Bounds
from stormproof.serial.leaves import leaf
from stormproof.serial.place import Unresolved

_MORE = 4
_SAFE = 2**53  # What any reader of JSON holds exactly.
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-_SAFE, _SAFE),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
_JSON_LIKE = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5
)
_LISTS: tuple[Any, ...] = (list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable)
_LISTS += (collections.abc.Collection, collections.abc.Container, collections.abc.Reversible)
_SETS = (set, collections.abc.Set, collections.abc.MutableSet)
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_UNTOLD = object()
"""Stands for what a bare `list` or `dict` does not say."""
_ALIAS: Any = getattr(typing, "TypeAliasType", ())  # From Python 3.12.


class NotDerivableError(Exception):
    """No value of an annotation can be drawn; the message says why."""


class Derivation:
    """Of one annotation: `of` gives its strategy, and what it had to guess for that stands in `doubts`.

    `hollow`: of a class of which nothing is known, instances without any attribute are drawn: a serializer that refuses them refuses
    all, but what needs an attribute of theirs is not to blame.
    """

    def __init__(self) -> None:
        self._doubts: dict[str, None] = {}
        self._known: dict[Any, SearchStrategy[Any]] = {}
        self.hollow = False

    @property
    def doubts(self) -> list[str]:
        """In words, each once."""
        return list(self._doubts)

    def doubt(self, words: str) -> None:
        """What the strategy draws is a guess, or less than the annotation admits."""
        self._doubts[words] = None

    def of(self, annotation: Any, metadata: tuple[Any, ...] = ()) -> SearchStrategy[Any]:
        """The strategy of an annotation, where `metadata` is what `Annotated` or a field says besides; raises NotDerivableError."""
        annotation, metadata = _bare(annotation, metadata)
        if isinstance(annotation, Unresolved):
            raise NotDerivableError(annotation.reason)
        if isinstance(annotation, str | typing.ForwardRef):
            raise NotDerivableError(f"{getattr(annotation, '__forward_arg__', annotation)} is not defined")
        if annotation is inspect.Parameter.empty:
            return self._guess("no annotation, JSON-like values stand in")
        if annotation in (Any, object):
            return self._guess("Any, JSON-like values stand in")
        if annotation is _UNTOLD:
            return _JSON_LIKE
        try:
            return self._of_one(annotation, metadata)
        except (InvalidArgument, TypeError, ValueError, ArithmeticError) as error:
            raise NotDerivableError(f"{_name(annotation)}: {str(error).splitlines()[0]}") from error

    def _guess(self, doubt: str) -> SearchStrategy[Any]:
        self.doubt(doubt)
        return _JSON_LIKE

    def _of_one(self, annotation: Any, metadata: tuple[Any, ...]) -> SearchStrategy[Any]:
        origin = typing.get_origin(annotation)
        if origin in (typing.Union, types.UnionType):
            return self._any_of(typing.get_args(annotation), metadata)
        if origin is typing.Literal:
            return st.sampled_from(typing.get_args(annotation))
        if isinstance(annotation, typing.TypeVar):
            return self._any_of(annotation.__constraints__ or (annotation.__bound__ or Any,), metadata)
        bounds = Bounds.of(metadata)
        found = leaf(str if annotation is typing.LiteralString else annotation, bounds)
        if found is None:
            found = self._container(origin or annotation, annotation, bounds)
        return self._class(origin or annotation) if found is None else found

    def _any_of(self, members: Iterable[Any], metadata: tuple[Any, ...]) -> SearchStrategy[Any]:
        """Of those members that can be drawn; the others are doubts."""
        drawn, failed = [], []
        for member in members:
            try:
                drawn.append(self.of(member, () if member is type(None) else metadata))
            except NotDerivableError as error:
                failed.append(str(error))
        if not drawn:
            raise NotDerivableError("; ".join(failed))
        for words in failed:
            self.doubt(words)
        return st.one_of(drawn)

    def _container(self, kind: Any, annotation: Any, bounds: Bounds) -> SearchStrategy[Any] | None:
        """Of an abstract type the plainest concrete one: who is annotated `Sequence` cannot tell a list from a tuple."""
        if kind not in _MAKERS:
            return None
        if annotation == tuple[()]:
            return st.just(())
        inner = typing.get_args(annotation)
        if not inner:
            self.doubt(f"{_name(kind)} of what? JSON-like values stand in")
        return _MAKERS[kind](self, inner or _OF_WHAT.get(kind, (_UNTOLD,)), bounds)

    def _class(self, kind: Any) -> SearchStrategy[Any]:
        if kind in self._known:
            return self._known[kind]
        if not isinstance(kind, type):
            raise NotDerivableError(f"{_name(kind)}: nothing is known of it")
        made: list[SearchStrategy[Any]] = []
        self._known[kind] = st.deferred(lambda: made[0])  # A model may hold itself.
        made.append(self._made(kind))
        return made[0]

    def _made(self, kind: type) -> SearchStrategy[Any]:
        if issubclass(kind, enum.Enum):
            return st.sampled_from(kind)
        registered = _registered(kind)
        if registered is not None:
            return registered
        record = records.record(kind)
        if record is not None:
            return self._record(record)
        return self._hollow(kind)

    def _record(self, record: records.Record) -> SearchStrategy[Any]:
        """All fields are drawn, those with a default, too: which of them were left out is no part of a value."""
        drawn = {}
        for field in record.fields:
            try:
                drawn[field.name] = self.of(field.annotation, field.metadata)
            except NotDerivableError as error:
                if field.required:
                    raise NotDerivableError(f"{record.name}.{field.name}: {error}") from error
                self.doubt(f"{record.name}.{field.name}: {error}")
        optional = {name: drawn.pop(name) for name in record.may_be_missing if name in drawn}
        return records.built(record, st.fixed_dictionaries(drawn, optional=optional))

    def _hollow(self, kind: type) -> SearchStrategy[Any]:
        try:
            object.__new__(kind)
        except TypeError:  # An abstract class, or one that is written in C.
            raise NotDerivableError(f"{kind.__name__}: nothing is known of it") from None
        if getattr(kind, "_is_protocol", False):
            raise NotDerivableError(f"{kind.__name__}: a protocol has no instances of its own")
        self.doubt(f"{kind.__name__}: nothing is known of it, an instance without attributes stands in")
        self.hollow = True
        return st.builds(object.__new__, st.just(kind))


def _bare(annotation: Any, metadata: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Without what stands around a type."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation, metadata = annotation.__origin__, (*metadata, *annotation.__metadata__)
        elif origin in (typing.Required, typing.NotRequired, typing.Final):
            (annotation,) = typing.get_args(annotation)
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif _ALIAS and isinstance(annotation, _ALIAS):
            annotation = annotation.__value__
        else:
            return annotation, metadata


def _registered(kind: type) -> SearchStrategy[Any] | None:
    """What `hypothesis.strategies.register_type_strategy` was told of a class; it has no public way to ask."""
    from hypothesis.strategies._internal import types as hypothesis_types  # noqa: PLC0415 - See above.

    known = getattr(hypothesis_types, "_global_type_lookup", {})
    return st.from_type(kind) if kind in known else None


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).removeprefix("typing.")


def _few(bounds: Bounds) -> dict[str, Any]:
    """Sizes. Many parts show nothing that few do not, and models of models grow with each."""
    least = bounds.min_length or 0
    return {"min_size": least, "max_size": least + _MORE if bounds.max_length is None else bounds.max_length}


def _list(to: Derivation, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    return st.lists(to.of(inner[0]), **_few(bounds))


def _tuple(to: Derivation, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    if len(inner) == 2 and inner[1] is ...:
        return _list(to, inner, bounds).map(tuple)
    return st.tuples(*[to.of(each) for each in inner])


def _set(to: Derivation, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    return st.sets(_hashable(to.of(inner[0])), **_few(bounds))


def _hashable(elements: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return elements.filter(Bounds(predicates=(_has_a_hash,)))


def _has_a_hash(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _dict(to: Derivation, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    keys, values = inner
    drawn = to.of(values)
    # JSON's keys are text: where it is not said what they are, no others are guessed.
    names = st.text() if keys in (Any, _UNTOLD) else _hashable(to.of(keys))
    usual = st.dictionaries(names, drawn, **_few(bounds))
    if keys is not str or bounds != Bounds():
        return usual
    # Keys of any text are also those with which kombu's JSON marks what JSON cannot say.
    marked = st.sampled_from(["bytes"]) | drawn if values is str else drawn
    return usual | st.fixed_dictionaries({"__type__": marked, "__value__": drawn})


def _counter(to: Derivation, inner: tuple[Any, ...], bounds: Bounds) -> SearchStrategy[Any]:
    return st.dictionaries(_hashable(to.of(inner[0])), st.integers(), **_few(bounds)).map(collections.Counter)


_OF_WHAT: dict[Any, tuple[Any, ...]] = {**dict.fromkeys(_DICTS, (_UNTOLD, _UNTOLD)), tuple: (_UNTOLD, ...)}
_OF_WHAT |= dict.fromkeys((collections.OrderedDict, collections.defaultdict), (_UNTOLD, _UNTOLD))
_Maker = Callable[[Derivation, tuple[Any, ...], Bounds], SearchStrategy[Any]]
_MAKERS: dict[Any, _Maker] = {
    **dict.fromkeys(_LISTS, _list),
    **dict.fromkeys(_SETS, _set),
    **dict.fromkeys(_DICTS, _dict),
    tuple: _tuple,
    frozenset: lambda to, inner, bounds: _set(to, inner, bounds).map(frozenset),
    collections.deque: lambda to, inner, bounds: _list(to, inner, bounds).map(collections.deque),
    collections.OrderedDict: lambda to, inner, bounds: _dict(to, inner, bounds).map(collections.OrderedDict),
    collections.defaultdict: lambda to, inner, bounds: _dict(to, inner, bounds).map(_defaultdict),
    collections.Counter: _counter,
}


def _defaultdict(values: dict[Any, Any]) -> collections.defaultdict[Any, Any]:
    return collections.defaultdict(None, values)
