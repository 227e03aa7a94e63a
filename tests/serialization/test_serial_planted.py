"""Planted bugs: what a serializer may do to a value is found in the values that are drawn, and what `stormproof serial` may be blind to is
found by its own suites. What caught each is kept in `planted_serial.txt`.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Annotated, Any, NotRequired, TypedDict

import pytest
from celery import Celery
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from kombu import serialization
from kombu.utils import json as kombu_json
from planted import none_is_gone, same_as_kept, smallest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from stormproof.serializers import containers, judging, leaves, models, passing, records, tasks
from stormproof.serializers.annotations import Derivation
from stormproof.serializers.bounds import Bounds
from stormproof.serializers.place import Place, Verdict


class Parcel(TypedDict):
    weight: int
    note: NotRequired[str]


class Order(BaseModel):
    number: int
    due: datetime.date


def place(annotation: Any, serializer: str = "json", **options: Any) -> Place:
    """An argument that is annotated so."""

    def ship(value: Any) -> None: ...

    ship.__annotations__["value"] = annotation
    app = Celery("shop", set_as_current=False)
    app.conf.update(accept_content=["json", "planted", "msgpack"], task_serializer=serializer)
    app.task(shared=False, name="ship", **options)(ship)
    return tasks.places_of(tasks.tasks_of(app)[0])[0]


def arrives(where: Place, value: Any) -> None:
    """The property of a serializer: the value is there as it was."""
    assert list(passing.outcomes(where, value)) == []


@contextlib.contextmanager
def registered(change: Callable[[Any], Any]) -> Iterator[str]:
    """kombu's JSON, with something done to each value, however deep, before it is encoded."""

    def everywhere(value: Any) -> Any:
        if isinstance(value, dict):
            return change({key: everywhere(each) for key, each in value.items()})
        return change([everywhere(each) for each in value] if isinstance(value, list) else value)

    def encode(message: Any) -> str:
        args, kwargs, embed = message
        return kombu_json.dumps([[everywhere(each) for each in args], kwargs, embed])

    serialization.register("planted", encode, kombu_json.loads, "application/x-planted", "utf-8")
    try:
        yield "planted"
    finally:
        serialization.unregister("planted")


def of(kind: type, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A change of values of exactly this type."""
    return lambda value: change(value) if type(value) is kind else value


BUGS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "a serializer drops NaN": (float, of(float, lambda number: None if math.isnan(number) else number)),
    "a serializer loses the sign of zero": (float, of(float, lambda number: number + 0.0)),
    "a serializer rounds beyond 53 bits": (
        int,
        of(int, lambda number: number if abs(number) <= 2**53 else float(number)),
    ),
    "a serializer cuts text at 8 characters": (str, of(str, lambda text: text[:8])),
    "a serializer strips text": (str, of(str, str.strip)),
    "a serializer replaces half characters": (str, of(str, lambda text: text.encode(errors="replace").decode())),
    "a serializer takes an empty list for nothing": (list[int], of(list, lambda items: items or None)),
    "a serializer leaves None out of a dict": (
        dict[str, int | None],
        of(dict, lambda items: {key: value for key, value in items.items() if value is not None}),
    ),
    "a serializer sorts keys": (Parcel, of(dict, lambda items: dict(sorted(items.items())))),
    "a serializer makes naive times aware": (
        datetime.datetime,
        of(datetime.datetime, lambda when: when if when.tzinfo else when.replace(tzinfo=datetime.UTC)),
    ),
    "a serializer turns zero to False": (int, lambda value: False if type(value) is int and value == 0 else value),
    "a serializer loses bytes beyond ASCII": (bytes, of(bytes, lambda data: data.decode("ascii", "ignore").encode())),
}


@pytest.mark.parametrize("bug", BUGS)
def test_what_a_serializer_does_wrong_is_found(bug: str) -> None:
    """In values that are drawn for an annotation, and as its smallest one."""
    annotation, change = BUGS[bug]
    with registered(change) as serializer:
        where = place(annotation, serializer)
        same_as_kept("serial", bug, smallest(Derivation().of(annotation), lambda value: arrives(where, value)))
        assert judging.judge(where, 100, 1).found, "and by so few values as the command tries"


def test_the_serializer_without_a_bug_passes() -> None:
    """The control: it is the change that is found, and not the way in which it was planted."""
    for annotation, _ in BUGS.values():
        with registered(lambda value: value) as serializer:
            ways = {each.what for each in judging.judge(place(annotation, serializer), 20, 1).found}
            known = {each.what for each in judging.judge(place(annotation), 20, 1).found}
            assert ways == known


WAYS: dict[str, tuple[Any, str, str]] = {
    "an aware datetime": (datetime.datetime, "json", "ZoneInfo becomes timezone"),
    "a float that is no number": (float, "json-like", "float becomes NoneType"),
    "half a character": (str, "msgpack", "refused: UnicodeEncodeError"),
    "the second of a union": (int | tuple[int], "json", "tuple becomes list"),
    "a key that is left out": (Parcel, "json-like", "keys are added"),
    "the marks of kombu": (dict[str, int], "json", "unreadable: ValueError"),
    "what is inside a tuple": (tuple[tuple[set[int]] | datetime.datetime], "json", "ZoneInfo becomes timezone"),
}


def _json_like(value: Any) -> Any:
    """As serializers are that know JSON only: no NaN, and all keys of a record."""
    if type(value) is float and math.isnan(value):
        return None
    return {"note": "", **value} if type(value) is dict and "weight" in value else value


def is_seen(name: str) -> bool:
    """The property of the search: each way in which values are known not to arrive is among what becomes of few of them."""
    annotation, serializer, what = WAYS[name]
    few = settings(max_examples=60, phases=[Phase.generate], database=None)
    with registered(_json_like) if serializer == "json-like" else contextlib.nullcontext(serializer) as used:
        where = place(annotation, used)
        try:
            find(
                Derivation().of(annotation),
                lambda value: what in {each.what for each in passing.outcomes(where, value)},
                settings=few,
                random=Random(1),
            )
        except NoSuchExample:
            return False
    return True


_differences, _record, _any_of = passing.differences, records.record, Derivation._any_of


def whole_record(kind: type) -> Any:
    """A class without keys that may be left out."""
    found = _record(kind)
    return found and records.Record(found.name, found.fields, found.make)


BLIND: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no aware times are drawn": lambda patch: patch.setitem(leaves._LEAVES, datetime.datetime, leaves._naive),
    "no zone but UTC is drawn": lambda patch: patch.setattr(leaves, "_ZONES", st.just(datetime.UTC)),
    "no NaN is drawn": lambda patch: patch.setitem(leaves._LEAVES, float, lambda _: st.floats(allow_nan=False)),
    "no half characters are drawn": lambda patch: patch.setitem(
        leaves._LEAVES, str, lambda _: st.text(leaves.PLAIN_TEXT)
    ),
    "of a union the first is drawn": lambda patch: patch.setattr(
        Derivation, "_any_of", lambda self, members, more: _any_of(self, tuple(members)[:1], more)
    ),
    "no key is left out": lambda patch: patch.setattr(records, "record", whole_record),
    "marks of kombu are not drawn": lambda patch: patch.setitem(
        containers._MAKERS, dict, lambda of, inner, _: st.dictionaries(st.text(), of(inner[1]))
    ),
    "only the first difference is told": lambda patch: patch.setattr(
        passing, "differences", lambda sent, got: list(_differences(sent, got))[:1]
    ),
}


@pytest.mark.parametrize("bug", BLIND)
def test_a_search_that_is_blind_in_one_eye_is_found(bug: str) -> None:
    """A verdict `survives` is worth what would have been found."""
    with pytest.MonkeyPatch.context() as patch:
        BLIND[bug](patch)
        seen = functools.cache(is_seen)

        def holds(name: str) -> None:
            assert seen(name)

        same_as_kept("serial", bug, smallest(st.sampled_from(list(WAYS)), holds))


@pytest.mark.parametrize("name", WAYS)
def test_a_search_that_sees_finds_each_way(name: str) -> None:
    """The control."""
    assert is_seen(name)


COUNT = Annotated[int, Field(ge=3)]


def is_admitted(value: Any) -> None:
    """The property of what is drawn: pydantic takes it for what is annotated."""
    try:
        TypeAdapter(COUNT).validate_python(value)
    except ValidationError as error:
        raise AssertionError from error


def order_arrives(order: Order) -> None:
    """The property of a task with `pydantic=True`."""
    arrives(ORDER, order)


ORDER = place(Order, pydantic=True)
UNJUST: dict[str, tuple[Any, Callable[[Any], None], Callable[[pytest.MonkeyPatch], None]]] = {
    "bounds are not kept": (COUNT, is_admitted, lambda patch: patch.setattr(Bounds, "of", lambda _: Bounds())),
    "what Celery dumps is not dumped": (
        Order,
        order_arrives,
        lambda patch: patch.setattr(models, "dumped", lambda task, name, kind, value: value),
    ),
    "what the worker validates is not validated": (
        Order,
        order_arrives,
        lambda patch: patch.setattr(models, "received", lambda task, parameter, kind, value: value),
    ),
}


@pytest.mark.parametrize("bug", UNJUST)
def test_an_unjust_accusation_is_found(bug: str) -> None:
    """A finding is worth what it would cost to have been wrong."""
    annotation, holds, plant = UNJUST[bug]
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        same_as_kept("serial", bug, smallest(Derivation().of(annotation), holds))


def test_a_just_search_accuses_nobody() -> None:
    """The control."""
    assert judging.judge(ORDER, 100, 1).verdict is Verdict.SURVIVES
    with pytest.raises(NoSuchExample):
        smallest(Derivation().of(COUNT), is_admitted)


def test_the_file_has_no_bug_that_is_gone() -> None:
    """It is the list that the documents quote."""
    none_is_gone("serial", [*BUGS, *BLIND, *UNJUST])
