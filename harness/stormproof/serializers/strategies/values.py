"""Values as tasks are handed and return them: each kind by itself, and anything nested of any kind."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stormproof.serializers.exact import brief
from stormproof.serializers.strategies import nests, objects, scalars, texts, times

_MAKERS: dict[str, Callable[[], SearchStrategy[Any]]] = {
    "None, True, False": scalars.constants,
    "integer of 53 bits": scalars.integers_of_53_bits,
    "integer of 64 bits": scalars.integers_of_64_bits,
    "integer beyond 64 bits": scalars.integers_beyond_64_bits,
    "integer of 4,300 digits and more": scalars.integers_of_many_digits,
    "float": scalars.floats,
    "-0.0": scalars.negative_zero,
    "NaN, infinity": scalars.nan_and_infinities,
    "complex": scalars.complex_numbers,
    "Decimal": scalars.decimals,
    "Decimal that is no number": scalars.decimals_that_are_no_numbers,
    "Fraction": scalars.fractions,
    "text, ASCII": texts.plain_texts,
    "text of any script": texts.texts_of_any_script,
    "text with control characters": texts.texts_with_control_characters,
    "text that looks like something else": texts.texts_that_look_like_something_else,
    "text with half a character": texts.lone_surrogates,
    "text with two halves of a character": texts.surrogate_pairs,
    "text of 1 MB": texts.megabyte_texts,
    "subclass of str": objects.str_subclasses,
    "subclass of int": objects.int_subclasses,
    "bytes, UTF-8": texts.utf8_bytes,
    "bytes, not UTF-8": texts.other_bytes,
    "bytearray": texts.bytearrays,
    "memoryview": texts.memoryviews,
    "datetime, naive": times.naive_datetimes,
    "datetime of a fixed offset": times.datetimes_of_fixed_offset,
    "datetime of an offset with seconds": times.datetimes_of_odd_offset,
    "datetime of an offset with a name": times.datetimes_of_named_offset,
    "datetime of a zone": times.datetimes_of_a_zone,
    "datetime, the second time (fold)": times.folded_datetimes,
    "date": times.dates,
    "time": times.times,
    "time of a zone": times.times_of_a_zone,
    "timedelta": times.timedeltas,
    "UUID": scalars.uuids,
    "Path": scalars.paths,
    "range": scalars.ranges,
    "function, class": scalars.functions_and_classes,
    "function without a name": scalars.nameless_functions,
    "Enum": objects.enum_members,
    "IntEnum": objects.int_enum_members,
    "StrEnum": objects.str_enum_members,
    "dataclass": objects.dataclasses,
    "pydantic model": objects.pydantic_models,
    "object": objects.objects,
    "object with __json__": objects.objects_that_say_their_json,
    "object whose __json__ fails": objects.objects_whose_json_fails,
    "object whose repr fails": objects.objects_whose_repr_fails,
    "exception": objects.exceptions,
    "list": nests.lists,
    "tuple": nests.tuples,
    "namedtuple": nests.namedtuples,
    "deque": nests.deques,
    "set": nests.sets,
    "frozenset": nests.frozensets,
    "dict": nests.dicts,
    "OrderedDict": nests.ordered_dicts,
    "defaultdict": nests.default_dicts,
    "dict by integer": nests.dicts_by_integer,
    "dict by float": nests.dicts_by_float,
    "dict by None, True, False": nests.dicts_by_constant,
    "dict by tuple": nests.dicts_by_tuple,
    "dict by bytes": nests.dicts_by_bytes,
    "dict by date": nests.dicts_by_date,
    "dict by UUID, Enum": nests.dicts_by_object,
    "dict by StrEnum, subclass of str": nests.dicts_by_text_of_a_class,
    "dict whose keys collide as text": nests.dicts_whose_keys_collide,
    "dict like kombu's envelope": nests.dicts_like_an_envelope,
    "dict like a broken envelope": nests.dicts_like_a_broken_envelope,
    "1,000 levels deep": nests.lists_of_a_thousand_levels,
    "list that holds itself": nests.lists_that_hold_themselves,
}

KINDS: dict[str, SearchStrategy[Any]] = {kind: make() for kind, make in _MAKERS.items()}
"""Each kind of value by its name in plain words, from simple to hostile. A kind is narrow: what becomes of one becomes of all."""

HEAVY = frozenset(("text of 1 MB", "1,000 levels deep"))
"""Kinds that take their time: `values()` has them only where they are named."""

_MOST_LEAVES = 8
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@dataclass(frozen=True, slots=True, repr=False)
class Mixture:
    """A value, and the kinds of which it is made."""

    value: Any
    kinds: frozenset[str]

    def __repr__(self) -> str:
        return f"{brief(self.value)} ({'; '.join(sorted(self.kinds))})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # Hypothesis would print the value, which may have no repr.


def about(kind: str) -> str:
    """What a kind draws and why it hurts, in a sentence or two. Raises KeyError for a name that KINDS has not."""
    return " ".join((inspect.getdoc(_MAKERS[kind]) or "").split())


@st.composite
def values(draw: st.DrawFn, kinds: Iterable[str] | None = None) -> Any:
    """Anything nested of any kind: for what must bear whatever a program may hand to a task, or refuse it.

    `kinds` are names of KINDS; where not given, all but the HEAVY ones. Raises KeyError for a name that is not there.
    """
    return draw(mixtures(kinds)).value


@st.composite
def mixtures(draw: st.DrawFn, kinds: Iterable[str] | None = None) -> Mixture:
    """As `values`, with the kinds of which each is made: for what is promised of some kinds only."""
    return draw(_mixed(frozenset(KINDS.keys() - HEAVY if kinds is None else kinds)))


@st.composite
def json_values(draw: st.DrawFn) -> Any:
    """Whatever JSON has a word for, with everything that hurts: NaN and infinities (which Python's JSON has), -0.0, integers beyond 64
    bits, text of any script, NUL, half a character, nested in lists and in mappings by text.

    Celery must hand each of them to the task as it was. What is left out is what kombu's JSON takes for something else: a mapping with
    the keys of its envelope, and two halves of a character beside each other.
    """
    return draw(_json())


@functools.cache
def _mixed(kinds: frozenset[str]) -> SearchStrategy[Mixture]:
    drawn = {kind: _named(kind, KINDS[kind]) for kind in kinds}
    in_order = [kind for kind in KINDS if kind in drawn]
    holding = [kind for kind in in_order if kind in nests.ROWS or kind in nests.MAPPINGS]
    inmost = st.one_of([drawn[kind] for kind in in_order if kind not in holding] or [drawn[kind] for kind in holding])
    return st.recursive(inmost, lambda inner: _nest(holding, inner), max_leaves=_MOST_LEAVES) if holding else inmost


@functools.cache
def _json() -> SearchStrategy[Any]:
    characters = texts.texts_of_any_script() | texts.texts_with_control_characters() | texts.lone_surrogates()
    text = characters.filter(lambda text: not _PAIR.search(text))
    numbers = st.integers() | scalars.integers_beyond_64_bits() | scalars.floats() | scalars.nan_and_infinities()
    leaves = scalars.constants() | numbers | scalars.negative_zero() | text
    return st.recursive(leaves, lambda inner: _json_nest(text, inner), max_leaves=_MOST_LEAVES)


def _json_nest(keys: SearchStrategy[str], inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    mappings = st.dictionaries(keys, inner, max_size=3).filter(lambda mapping: mapping.keys() != nests.ENVELOPE)
    return st.lists(inner, max_size=3) | mappings


def _named(kind: str, drawn: SearchStrategy[Any]) -> SearchStrategy[Mixture]:
    return drawn.map(lambda value: Mixture(value, frozenset((kind,))))


def _nest(holding: list[str], inner: SearchStrategy[Mixture]) -> SearchStrategy[Mixture]:
    rows = st.lists(inner, max_size=3)
    mappings = st.dictionaries(nests.keys(), inner, max_size=3)
    return st.one_of(
        *(rows.map(functools.partial(_row, kind)) for kind in nests.ROWS if kind in holding),
        *(mappings.map(functools.partial(_mapping, kind)) for kind in nests.MAPPINGS if kind in holding),
    )


def _row(kind: str, inner: list[Mixture]) -> Mixture:
    return Mixture(nests.ROWS[kind]([each.value for each in inner]), _kinds(kind, inner))


def _mapping(kind: str, inner: dict[str, Mixture]) -> Mixture:
    held = {key: each.value for key, each in inner.items()}
    return Mixture(nests.MAPPINGS[kind](held), _kinds(kind, list(inner.values())))


def _kinds(kind: str, inner: list[Mixture]) -> frozenset[str]:
    return frozenset((kind,)).union(*(each.kinds for each in inner))
