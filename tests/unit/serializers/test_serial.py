"""A place is judged by the smallest value of each way in which it does not arrive, and told in words that a user can accept, or mend."""

from __future__ import annotations

import datetime
import enum
import math
from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

import pytest
from celery import Celery
from kombu import serialization
from pydantic import BaseModel, Field, model_validator
from stormproof.checks.verdict import Status
from stormproof.cli import serial as serializing
from stormproof.errors import UsageError
from stormproof.serializers import expecting, tasks, telling
from stormproof.serializers.judging import Judged, judge
from stormproof.serializers.place import Verdict


class Colour(enum.StrEnum):
    RED = "red"


class Parcel(TypedDict):
    weight: int


class Never(BaseModel):
    number: int

    @model_validator(mode="after")
    def _never(self) -> Never:
        raise ValueError("never")


class Plain:
    pass


class Mute(BaseModel):
    number: int

    def __repr__(self) -> str:
        raise RuntimeError


class Endless(BaseModel):
    inner: Endless


def judged(annotation: Any, *expected: str, examples: int = 100, seed: int = 1, **conf: Any) -> Judged:
    """An argument with this annotation."""

    def ship(value: Any) -> None: ...

    ship.__annotations__["value"] = annotation
    app = Celery("shop", set_as_current=False)
    app.conf.update(accept_content=["json", "pickle", "broken", "yaml", "msgpack"], **conf)
    app.task(shared=False, name="ship")(ship)
    place = tasks.places_of(tasks.tasks_of(app)[0])[0]
    return judge(place, examples, seed, expected)


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (tuple[int, int], ["tuple becomes list: (0, 0) became [0, 0]"]),
        (Colour, ["Colour becomes str: <Colour.RED: 'red'> became 'red'"]),
        (set[int], ["refused: TypeError: set()"]),
        (Plain, ["refused: TypeError: <tests.unit.serializers.test_serial.Plain object>"]),
        (Mute, ["refused: TypeError: <Mute without a repr: RuntimeError>"]),
        (dict[int, int], ["key: int becomes str: 0 became '0'"]),
        (
            dict[str, str],
            [
                "dict becomes bytes: {'__type__': 'bytes', '__value__': ''} became b''",
                "unreadable: ValueError: {'__type__': '', '__value__': ''}",
            ],
        ),
        (list[tuple[int]], ["at [0]: tuple becomes list: (0,) became [0]"]),
    ],
    ids=str,
)
def test_the_smallest_value_of_each_way_is_told(annotation: Any, said: list[str]) -> None:
    """What a user is to read is short, and there is one for each thing that happens, the silent ones first."""
    found = judged(annotation)
    assert [line.split(": json: ", 1)[1] for line in found.lines] == said
    assert found.status is Status.INVALID


def test_the_place_stands_before_what_happens_to_it() -> None:
    """One line is enough to know where to look."""
    assert judged(tuple[int, int]).lines == [
        "ship(value: tuple[int, int]): json: tuple becomes list: (0, 0) became [0, 0]"
    ]


@pytest.mark.parametrize(
    "annotation", [None, bool, int, float, str, bytes, datetime.date, Parcel, Sequence[int], int | None]
)
def test_what_survives_says_of_how_many_values(annotation: Any) -> None:
    """A verdict without a number would be a promise."""
    found = judged(annotation)
    assert found.verdict is Verdict.SURVIVES
    assert found.lines == []
    assert 0 < found.tried <= 100
    assert telling.summary(found) == (f"{found.tried} values" if found.tried > 1 else "1 value")


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (Any, "unknown: Any, JSON-like values stand in; 100 values survive"),
        ("NoSuchName", "unknown: NameError: name 'NoSuchName' is not defined"),
        (Never, "unknown: no value of it could be drawn: its own rules reject all that was tried"),
        (Endless, "unknown: no value of it could be drawn: its own rules reject all that was tried"),
        (Annotated[datetime.date, Field(gt=datetime.date(2, 1, 2), lt=datetime.date(2, 1, 1))], "InvalidArgument"),
    ],
    ids=["guessed", "name", "never", "endless", "bounds"],
)
def test_what_cannot_be_known_is_unknown_and_says_why(annotation: Any, why: str) -> None:
    """No guess is told as a result, and no crash as a bug of the user's."""
    found = judged(annotation)
    assert found.status is Status.UNKNOWN
    assert why in found.lines[0]


def test_what_crashes_the_search_is_unknown() -> None:
    """A check that crashes has shown nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stormproof.serializers.judging.outcomes", lambda *_: 1 / 0)
        assert "unknown: ZeroDivisionError: division by zero" in judged(int).lines[0]


def test_a_guess_that_does_not_survive_is_a_finding_all_the_same() -> None:
    """Values like JSON's are what everybody sends."""

    def broken(text: Any) -> Any:
        raise ValueError

    serialization.register("broken", lambda value: b"1", broken, "application/x-broken", "utf-8")
    try:
        found = judged(Any, task_serializer="broken")
    finally:
        serialization.unregister("broken")
    assert found.lines == ["ship(value: Any): broken: unreadable: ValueError: None"]


def test_who_asks_attributes_of_a_class_of_which_nothing_is_known_is_not_accused() -> None:
    """The instances that are drawn of it have none."""

    def encode(message: Any) -> bytes:
        return str(message[0][0].number).encode()

    serialization.register("broken", encode, lambda _: None, "application/x-broken", "utf-8")
    try:
        assert judged(Plain, task_serializer="broken").verdict is Verdict.UNKNOWN
    finally:
        serialization.unregister("broken")


def test_the_same_seed_tries_the_same_values() -> None:
    """What failed yesterday fails today, and another seed is another look."""

    def tried(seed: int) -> list[Any]:
        values: list[Any] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("stormproof.serializers.judging.outcomes", lambda _, value: values.append(value) or [])
            judged(list[int], seed=seed)
        return values

    assert tried(7) == tried(7)
    assert tried(7) != tried(8)


def test_text_that_no_encoding_can_say_is_drawn_for_serializers_that_cannot() -> None:
    """Half a character passes JSON, and MessagePack refuses it."""
    assert judged(str).verdict is Verdict.SURVIVES
    assert judged(str, task_serializer="msgpack").lines == [
        "ship(value: str): msgpack: refused: UnicodeEncodeError: '\\ud800'"
    ]


TIMES = tuple[datetime.datetime, float]


def test_a_known_change_is_accepted_and_hides_no_other() -> None:
    """Nor what is inside of it: the tuple is a list now, and the zones in it are gone."""
    found = judged(TIMES, "tuple becomes list")
    assert found.verdict is Verdict.CHANGES
    assert [each.what for each in found.found if not each.expected] == ["fold is lost", "ZoneInfo becomes timezone"]
    assert judged(TIMES, "tuple becomes list", "fold is lost", "ZoneInfo becomes timezone").status is Status.VALID


def test_a_known_change_that_does_not_happen_any_more_is_a_finding() -> None:
    """What is accepted for ever is looked at by nobody."""
    found = judged(list[int], "tuple becomes list")
    assert found.verdict is Verdict.OUTDATED and found.status is Status.INVALID
    assert found.lines == [
        "ship(value: list[int]): json: expected 'tuple becomes list', which does not happen any more: take it out"
    ]


def test_what_is_not_known_can_be_accepted_too() -> None:
    """And only as long as it is not known."""
    assert judged(Any, "unknown").status is Status.VALID
    assert judged(int, "unknown").verdict is Verdict.OUTDATED


def test_that_nothing_gets_through_can_be_accepted() -> None:
    """What is known without any value is accepted by its words as well."""
    wrong = {"task_serializer": "yaml"}
    app = Celery("shop", set_as_current=False)
    app.conf.update(accept_content=["json"], **wrong)
    app.task(shared=False, name="ship")(judged)
    place = tasks.places_of(tasks.tasks_of(app)[0])[0]
    (found,) = judge(place, 10, 1).found
    assert judge(place, 10, 1, [found.what]).status is Status.VALID


def test_an_expected_change_is_found_among_very_many() -> None:
    """The search ends after some ways; what was expected is asked for by its name then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stormproof.serializers.judging._MOST_WAYS", 1)
        assert len(judged(TIMES).found) == 1
        found = judged(TIMES, "ZoneInfo becomes timezone")
        assert {each.what: each.expected for each in found.found} == {
            "tuple becomes list": False,
            "ZoneInfo becomes timezone": True,
        }


def test_expectations_are_by_place_and_a_wrong_name_is_told() -> None:
    """A name that is nobody's would accept nothing, and say nothing."""
    places = [judged(int).place]
    assert expecting.expected({"ship.value": "a"}, places) == {"ship.value": ("a",)}
    assert expecting.expected({"ship.value": ["a", "b"]}, places) == {"ship.value": ("a", "b")}
    with pytest.raises(UsageError, match=r"nothing is called 'ship.valeu'; did you mean 'ship.value'\?"):
        expecting.expected({"ship.valeu": "a"}, places)
    with pytest.raises(UsageError, match="name a task and its parameter"):
        expecting.expected({"other": "a"}, places)


def test_expectations_of_the_command_are_split_at_the_first_sign() -> None:
    """Ways may have signs in them, and a place more than one way."""
    assert expecting.parsed(["a.b=c = d", "a.b=e"]) == {"a.b": ("c = d", "e")}
    for wrong in ("a.b", "=c", "a.b="):
        with pytest.raises(UsageError, match="say KEY=WHAT"):
            expecting.parsed([wrong])


@pytest.mark.parametrize(
    ("annotation", "expected", "mend"),
    [
        (tuple[int], (), "accepted with expect: ship.value=tuple becomes list"),
        (set[int], (), "send an id or plain values"),
        (dict[str, int], (), "narrow the annotation"),
        (Any, (), "annotate it with a type"),
        (int, ("x",), "take it out"),
    ],
)
def test_each_finding_has_its_mend(annotation: Any, expected: tuple[str, ...], mend: str) -> None:
    """What to do next stands below what is wrong."""
    assert mend in telling.lines(judged(annotation, *expected))[-1]


@pytest.mark.parametrize(
    ("result", "conf", "options", "mend"),
    [
        (None, {"accept_content": ["yaml"]}, {}, "mend: name it in accept_content, or"),
        (None, {"result_accept_content": ["yaml"]}, {}, "mend: name it in result_accept_content, or"),
        (set[int], {}, {}, "mend: the work is done when this fails"),
        (None, {}, {"pydantic": True}, "mend: Celery dumps a model that is the whole argument"),
    ],
)
def test_the_mend_is_that_of_the_place(result: Any, conf: Any, options: Any, mend: str) -> None:
    """Where the same thing goes wrong elsewhere, something else helps."""

    def ship(value: set[int]) -> Any: ...

    ship.__annotations__["return"] = result
    app = Celery("shop", backend="redis://127.0.0.1:1/1", set_as_current=False)
    app.conf.update(conf)
    app.task(shared=False, name="ship", **options)(ship)
    found = [telling.lines(judge(place, 10, 1)) for place in tasks.places_of(tasks.tasks_of(app)[0])]
    assert any(mend in line for each in found for line in each)


def test_what_is_well_has_no_lines() -> None:
    """Nothing is told of what nobody needs to do anything about."""
    assert telling.lines(judged(int)) == []
    assert telling.lines(judged(tuple[int], "tuple becomes list")) == []
    assert telling.summary(judged(tuple[int], "tuple becomes list")) == "tuple becomes list (expected)"
    assert telling.summary(judged(dict[str, str])) == "dict becomes bytes, unreadable: ValueError"
    assert telling.summary(judged(set[int])) == "TypeError"


def test_the_last_line_counts_every_verdict() -> None:
    """The worst of them is the exit code."""
    found = [judged(int), judged(int), judged(tuple[int]), judged(Any)]
    assert serializing.ending(found) == "1 task, 4 arguments and results: 2 survive, 1 change, 1 unknown."


def test_verdicts_are_ordered_by_how_bad_they_are() -> None:
    """What nobody is told of is worse than what fails, and what is proved worse than what is not known."""
    statuses = [verdict.status for verdict in Verdict]
    assert statuses == sorted(statuses, reverse=True)
    assert math.prod(status.exit_code for status in statuses[-2:]) == 0
