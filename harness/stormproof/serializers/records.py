"""Types with named fields: pydantic's models, dataclasses, TypedDicts and NamedTuples, taken apart and put together."""

from __future__ import annotations

import dataclasses
import inspect
import operator
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pydantic
from hypothesis.strategies import SearchStrategy

_REJECTED = object()


@dataclass(frozen=True, slots=True)
class Field:
    """`required`: without it no value can be made. `metadata` is what pydantic's `Field` says besides the type."""

    name: str
    annotation: Any
    required: bool = True
    metadata: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """`make` turns values by their names into one of its instances, and may raise anything. Those that `may_be_missing` are left out at
    times.
    """

    name: str
    fields: tuple[Field, ...]
    make: Callable[[dict[str, Any]], Any]
    may_be_missing: frozenset[str] = frozenset()


def record(kind: type) -> Record | None:
    """A class taken apart; None where it has no fields that are known of. A name that does not resolve remains as text."""
    if issubclass(kind, pydantic.BaseModel):
        return _model(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind)
    if typing.is_typeddict(kind):
        return _typed_dict(kind)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = _hints(kind)
        fields = tuple(Field(name, hints.get(name, inspect.Parameter.empty)) for name in kind._fields)
        return Record(kind.__name__, fields, lambda values: kind(**values))
    return None


def built(record: Record, values: SearchStrategy[dict[str, Any]]) -> SearchStrategy[Any]:
    """Instances; values that the class itself rejects are none of it."""

    def make(drawn: dict[str, Any]) -> Any:
        try:
            return record.make(drawn)
        except Exception:  # A validator may raise anything.
            return _REJECTED

    return values.map(make).filter(partial(operator.is_not, _REJECTED))


def _model(kind: type[pydantic.BaseModel]) -> Record:
    kind.model_rebuild(raise_errors=False)
    fields = tuple(_pydantic_fields(kind.model_fields.items()))
    if issubclass(kind, pydantic.RootModel):
        return Record(kind.__name__, fields, lambda values: kind.model_validate(values["root"]))
    return Record(kind.__name__, fields, lambda values: kind.model_validate(values, by_alias=True, by_name=True))


def _pydantic_fields(fields: Iterable[tuple[str, Any]]) -> Iterable[Field]:
    for name, field in fields:
        if field.init is not False:
            yield Field(name, field.annotation, field.is_required(), tuple(field.metadata))


def _dataclass(kind: type) -> Record:
    of_pydantic = getattr(kind, "__pydantic_fields__", None)
    if of_pydantic is not None:
        fields = tuple(_pydantic_fields(of_pydantic.items()))
    else:
        hints = _hints(kind)
        fields = tuple(
            Field(each.name, hints[each.name], each.default is each.default_factory is dataclasses.MISSING)
            for each in dataclasses.fields(kind)
            if each.init
        )
    return Record(kind.__name__, fields, lambda values: kind(**values))


def _typed_dict(kind: Any) -> Record:
    fields, optional = [], set()
    for name, annotation in _hints(kind).items():
        # `__optional_keys__` does not know of those that were annotated as text.
        said = typing.get_origin(annotation)
        if said is typing.NotRequired or (name in kind.__optional_keys__ and said is not typing.Required):
            optional.add(name)
        fields.append(Field(name, annotation, name not in optional))
    return Record(kind.__name__, tuple(fields), dict, may_be_missing=frozenset(optional))


def _hints(kind: type) -> dict[str, Any]:
    """What its annotations mean; as they were written where one of them cannot be resolved."""
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except Exception:  # Whatever evaluating the user's text raises.
        return {
            name: hint
            for base in reversed(kind.__mro__)
            for name, hint in vars(base).get("__annotations__", {}).items()
        }
