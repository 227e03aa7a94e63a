"""Turns an annotation into a Hypothesis strategy, and records what is a guess."""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from stormproof.serializers import containers, records
from stormproof.serializers.bounds import Bounds
from stormproof.serializers.leaves import PLAIN_TEXT, leaf
from stormproof.serializers.place import Unresolved

_DEEPEST = 2
"""How often a class may stand in itself. With no such bound a list of itself grows without one."""
_SAFE = 2**53  # What any reader of JSON holds exactly.
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-_SAFE, _SAFE),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(PLAIN_TEXT),
)
_JSON_LIKE = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(PLAIN_TEXT), inner, max_size=3),
    max_leaves=5,
)
_ALIAS: Any = getattr(typing, "TypeAliasType", ())  # From Python 3.12.


class NotDerivableError(Exception):
    """No value of an annotation can be drawn; the message gives the reason."""


class Derivation:
    """Of one annotation: `of` gives its strategy, and what it had to guess for that stands in `doubts`.

    `hollow`: of a class of which nothing is known, instances without any attribute are drawn: a serializer that refuses them refuses
    all, but what needs an attribute of theirs is not to blame.
    """

    def __init__(self) -> None:
        self._doubts: dict[str, None] = {}
        self._within: list[type] = []
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
        if annotation is containers.UNTOLD:
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
        if not containers.is_container(kind):
            return None
        if annotation == tuple[()]:
            return st.just(())
        inner = typing.get_args(annotation)
        if not inner:
            self.doubt(f"{_name(kind)} of what? JSON-like values stand in")
        return containers.container(kind, inner, bounds, self.of)

    def _class(self, kind: Any) -> SearchStrategy[Any]:
        if not isinstance(kind, type):
            raise NotDerivableError(f"{_name(kind)}: nothing is known of it")
        if self._within.count(kind) == _DEEPEST:
            return st.nothing()  # Lists of it are empty there, and what may be None is.
        self._within.append(kind)
        try:
            return self._made(kind)
        finally:
            self._within.pop()

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
    named = isinstance(annotation, type) or inspect.isroutine(annotation)
    return annotation.__name__ if named else str(annotation).removeprefix("typing.")
