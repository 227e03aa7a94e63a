"""A value passes as Celery sends it, by Celery's own code where models are its business, and every difference of it is told."""

from __future__ import annotations

import collections
import datetime
import decimal
import inspect
import math
import zoneinfo
from typing import Any, NamedTuple

import pytest
from celery import Celery
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, field_validator
from stormproof.serializers import models, tasks
from stormproof.serializers.differing import differences
from stormproof.serializers.exact import difference
from stormproof.serializers.passing import example, outcomes
from stormproof.serializers.place import Place

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON = datetime.datetime(2024, 7, 1, 12)


class Point(NamedTuple):
    x: int
    y: int


class Order(BaseModel):
    number: int
    when: datetime.datetime = NOON
    price: decimal.Decimal = decimal.Decimal(1)


class Express(Order):
    pass


class Secret(BaseModel):
    token: str = Field(exclude=True)


class Late(BaseModel):
    """Its validator holds in the producer, and no longer when the task is received."""

    number: int

    @field_validator("number")
    @classmethod
    def _early(cls, number: int) -> int:
        if number in TOO_LATE:
            raise ValueError("too late")
        return number


TOO_LATE: set[int] = set()
FULL: dict[str, Any] = {"number": 1, "when": NOON, "price": decimal.Decimal(1)}
"""All fields: what was left out arrives as set, which is told, and which `judge` does not draw."""


def plain(order: Order, pair: tuple[int, int], *rest: Any, named: Any = None, **more: Any) -> Order:
    raise AssertionError("no task of a user's runs")


def optional(
    order: Order | None, orders: list[Order], *rest: Order, named: Order | None = None, **more: Order
) -> Order | None:
    raise AssertionError("no task of a user's runs")


def bound(self: Any, order: Order) -> Order:
    raise AssertionError("no task of a user's runs")


def late(order: Late) -> list[Order]:
    raise AssertionError("no task of a user's runs")


def secret(order: Secret) -> Secret:
    raise AssertionError("no task of a user's runs")


def place(name: str, function: Any = plain, **options: Any) -> Place:
    """Of a task that is made of the function."""
    app = Celery("shop", backend="redis://127.0.0.1:1/1", set_as_current=False)
    app.conf.update(accept_content=["json", "pickle"])
    app.task(shared=False, name="t", **options)(function)
    return next(each for each in tasks.places_of(tasks.tasks_of(app)[0]) if each.name == name)


def told(where: Place, value: Any) -> list[str]:
    """All that becomes of a value, in words."""
    return [str(each) for each in outcomes(where, value)]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("pair", [1, 2], []),
        ("pair", (1, 2), ["tuple becomes list: (1, 2) became [1, 2]"]),
        ("pair", {1}, ["refused: TypeError: {1}"]),
        ("pair", {"__type__": "", "__value__": 1}, ["unreadable: ValueError: {'__type__': '', '__value__': 1}"]),
        ("order", Order(number=1), [f"refused: TypeError: {Order(number=1)!r}"]),
        ("rest", [1, (2,)], ["at [1]: tuple becomes list: (2,) became [2]"]),
        ("named", math.nan, []),
        ("more", {"a": 1}, []),
        ("more", {"a": (1,)}, ["at ['a']: tuple becomes list: (1,) became [1]"]),
        ("return", (1,), ["tuple becomes list: (1,) became [1]"]),
        ("return", None, []),
    ],
)
def test_a_value_is_told_by_what_becomes_of_it_at_its_place(name: str, value: Any, said: list[str]) -> None:
    """Paths begin at the value, and not in the message around it."""
    assert told(place(name), value) == said


PYDANTIC = {"pydantic": True}


@pytest.mark.parametrize("options", [PYDANTIC, {**PYDANTIC, "autoretry_for": (OSError,)}])
@pytest.mark.parametrize(("function", "more"), [(optional, {}), (bound, {"bind": True})])
def test_a_model_passes_by_the_dump_that_celery_makes_of_it(
    function: Any, more: dict[str, Any], options: dict[str, Any]
) -> None:
    """The task receives an equal model, and a reader of the result what was dumped."""
    assert told(place("order", function, **options, **more), Order(**FULL)) == []
    assert told(place("return", function, **options, **more), Order(**FULL)) == []


def test_where_celery_does_not_handle_models_they_are_refused() -> None:
    """A model in a list, in `*args` or in `**kwargs`, of another class than is annotated, or without `pydantic=True`."""
    order = Order(**FULL)
    refused = [f"refused: TypeError: {order!r}"]
    assert told(place("order", plain), order) == refused
    assert told(place("orders", optional, **PYDANTIC), [order]) == [f"refused: TypeError: {[order]!r}"]
    assert told(place("rest", optional, **PYDANTIC), [order]) == [f"refused: TypeError: {[order]!r}"]
    assert told(place("more", optional, **PYDANTIC), {"a": order}) == [f"refused: TypeError: { {'a': order}!r}"]
    assert told(place("order", optional, **PYDANTIC), Express(**FULL)) == [f"refused: TypeError: {Express(**FULL)!r}"]
    assert told(place("return", late, **PYDANTIC), [order]) == [f"refused: TypeError: {[order]!r}"]


def test_a_field_that_was_left_out_arrives_as_set() -> None:
    """A dump has all fields; who asks for those that were set is told of all."""
    (said,) = told(place("order", optional, **PYDANTIC), Order(number=1))
    assert said.startswith("at .__pydantic_fields_set__: ")


def test_a_keyword_only_model_and_none_pass_as_well() -> None:
    """The ways of handing over are those of the signature."""
    assert told(place("named", optional, **PYDANTIC), Order(**FULL)) == []
    assert told(place("named", optional, **PYDANTIC), None) == []
    assert told(place("order", optional, **PYDANTIC), None) == []


def test_a_model_that_the_worker_rejects_is_unreadable() -> None:
    """Celery asks the validators in the producer, and again in the worker."""
    where = place("order", late, **PYDANTIC)
    order = Late(number=1)
    real = models.received

    def too_late(*args: Any) -> Any:
        TOO_LATE.add(1)
        try:
            return real(*args)
        finally:
            TOO_LATE.clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "received", too_late)
        assert told(where, order) == ["unreadable: ValidationError: Late(number=1)"]
    assert told(where, order) == []


def test_what_a_dump_leaves_out_is_not_sent_at_all() -> None:
    """Celery's own rule: what is not equal when it is validated again is not dumped, so JSON refuses the model."""
    assert told(place("order", secret, **PYDANTIC), Secret(token="x")) == ["refused: TypeError: Secret(token='x')"]


def test_a_model_that_is_only_nearly_the_same_is_told() -> None:
    """Equal to Celery, and not to who needs the zone."""
    order = Order(**FULL | {"when": NOON.replace(tzinfo=BERLIN)})
    (said,) = told(place("order", optional, **PYDANTIC), order)
    assert said.startswith("at .when: ZoneInfo becomes TzInfo: ")


def test_pickle_carries_models_as_they_are_and_celery_dumps_none_for_it() -> None:
    """The one serializer before which `apply_async` leaves models alone."""
    for options in ({}, PYDANTIC):
        order = Order(**FULL | {"when": NOON.replace(tzinfo=BERLIN)})
        assert told(place("order", optional, serializer="pickle", **options), order) == []


def test_another_wrapper_than_the_known_one_is_named() -> None:
    """A release of Celery that has moved things is no reason for a wrong verdict."""
    where = place("order", optional, **PYDANTIC)
    assert where.parameter is not None

    class Moved:
        __wrapped__ = staticmethod(lambda order: order)
        serializer = "json"
        _dump_pydantic_arguments = staticmethod(lambda args, kwargs: (args, kwargs))

    with pytest.raises(models.UnlikeCeleryError, match="no task_signature in"):
        models.received(Moved, where.parameter, where.kind, {})
    with pytest.raises(models.UnlikeCeleryError, match="NoneType in place of the wrapper"):
        models.returned(type("Gone", (), {"__wrapped__": None}), {})


def test_the_functions_that_stand_in_for_celerys_do_what_celery_does() -> None:
    """The positive control of the rewiring: a real call of the task, with the body that was dumped."""
    seen: list[Any] = []

    def ship(order: Order, count: int = 1) -> Order:
        seen.append(order)
        return order

    where = place("order", ship, **PYDANTIC)
    order = Order(**FULL)
    (sent,), _ = where.task._dump_pydantic_arguments((order,), {})
    assert sent == models.dumped(where.task, "order", where.kind, order) == order.model_dump(mode="json")
    really = where.task.run(sent)
    assert really == models.returned(where.task, order)
    assert where.parameter is not None
    assert models.received(where.task, where.parameter, where.kind, sent) == seen[0] == order


DIFFERENT: list[tuple[Any, Any, list[str]]] = [
    ((NOON.replace(tzinfo=BERLIN),), [NOON], ["tuple becomes list", "the offset changes"]),
    (Point(1, 2), [1, 2], ["Point becomes list"]),
    ({1: (2,)}, {"1": [2]}, ["key: int becomes str", "tuple becomes list"]),
    (collections.OrderedDict(a=(1,)), {"a": [1]}, ["OrderedDict becomes dict", "tuple becomes list"]),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ["the order of keys changes"]),
    ({"a": 1}, {}, ["keys are lost"]),
    ([1, (2,), (3,)], [1, [2], [3]], ["tuple becomes list", "tuple becomes list"]),
    ((1, 2), [1], ["tuple becomes list"]),
    (Order(**FULL), Order(**FULL | {"number": 2}), ["int changes"]),
    ({"a": (1, math.nan)}, {"a": (1, None)}, ["float becomes NoneType"]),
]


@pytest.mark.parametrize(("sent", "got", "whats"), DIFFERENT, ids=[str(number) for number in range(len(DIFFERENT))])
def test_what_is_lost_inside_of_what_changed_is_told_as_well(sent: Any, got: Any, whats: list[str]) -> None:
    """Who accepts that a tuple becomes a list is not to miss that its times lose their zones."""
    assert [each.what for each in differences(sent, got)] == whats


_NESTS = st.recursive(
    st.sampled_from([1, True, 1.0, -0.0, 0.0, math.nan, "a", None]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from([1, "1", True]), inner),
    ),
    max_leaves=4,
)


@settings(max_examples=300)
@given(sent=_NESTS, got=_NESTS)
def test_there_is_a_difference_exactly_where_sameness_sees_one(sent: Any, got: Any) -> None:
    """To look for all of them loses none, and invents none."""
    assert bool(list(differences(sent, got))) == (difference(sent, got) is not None)


def test_rings_are_compared_too() -> None:
    """What is nested without an end is for pickle, and is no reason to crash."""
    ring: list[Any] = []
    ring.append(ring)
    other: list[Any] = []
    other.append(other)
    assert list(differences(ring, other)) == []


def test_an_example_is_whole_and_the_same_each_time() -> None:
    """It is to be tried by hand, and to be compared."""

    class Broken:
        def __repr__(self) -> str:
            raise OSError

    assert example("a" * 300) == repr("a" * 300)
    assert len(example("a" * 3000)) < 200
    assert example(object()) == "<object object>"
    assert "without a repr" in example(Broken())


def test_a_message_that_lost_its_shape_is_unreadable() -> None:
    """A serializer of the user's own may return anything."""
    where = place("pair")
    with pytest.MonkeyPatch.context() as patch:
        from kombu import serialization

        for gone in ([], None, {}, [1, 2]):
            patch.setitem(serialization.registry._decoders, "application/json", lambda _, gone=gone: gone)
            assert told(where, 1)[0].startswith("unreadable: ")


def test_each_place_knows_its_parameter() -> None:
    """Without it Celery's wrapper cannot be asked about this one alone."""
    found = place("named").parameter
    assert found is not None and found.kind is inspect.Parameter.KEYWORD_ONLY
