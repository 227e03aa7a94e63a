"""Bugs planted into serializers, producers and canvases: each property of `test_round_trip.py` must catch those that are its own.

`planted_round_trip.txt` has each with the smallest example that gives it away; `STORMPROOF_WRITE_SAID=1` writes it.
"""

from __future__ import annotations

import datetime
import functools
import inspect
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import celery
import changes
import msgpack
import planted
import pytest
import yaml
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from kombu import serialization
from kombu.exceptions import EncodeError
from kombu.utils import json as kombu_json
from round_trip import (
    TABLE,
    arrives_or_is_refused,
    comes_back_equal,
    form,
    goes_out_whole,
    is_handed_on,
    stands_in_the_table,
    unchanged_kinds,
)
from sending import TASK, Program, program
from stormproof.serializers.strategies import chains, chords, json_values, mixtures

NAME = "planted"


def altered(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decoder of kombu's JSON that changes each value that it has read, from the inside to the outside."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            value = [walk(inner) for inner in value]
        elif isinstance(value, dict):
            value = {key: walk(inner) for key, inner in value.items()}
        return change(value)

    return lambda text: walk(kombu_json.loads(text))


def reading(**how: Any) -> Callable[[Any], Any]:
    """A decoder of kombu's JSON that reads with arguments of `json.loads`."""
    return functools.partial(kombu_json.loads, _loads=functools.partial(json.loads, **how))


def _without_zone(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime.datetime) else value


def _without_microseconds(value: Any) -> Any:
    return value.replace(microsecond=0) if isinstance(value, datetime.datetime) else value


def _in_lower_case(value: Any) -> Any:
    return {key.lower(): inner for key, inner in value.items()} if isinstance(value, dict) else value


def _cut(value: Any) -> Any:
    return value[: 2**16] if isinstance(value, str) else value


def _without_the_last_byte(value: Any) -> Any:
    return value[:-1] if isinstance(value, bytes) and not value.isascii() else value


def _without_the_sign_of_zero(value: Any) -> Any:
    return abs(value) if value == 0 and isinstance(value, float) else value


def _plain(value: Any) -> Any:
    return json.dumps(value, cls=kombu_json.JSONEncoder, ensure_ascii=False)


Bug = tuple[str, Callable[[Any], Any], Callable[[Any], Any]]
"""The serializer that has it, its encoder and its decoder."""

SERIALIZERS: dict[str, Bug] = {
    "drops NaN": ("json", kombu_json.dumps, reading(parse_constant=lambda word: None)),
    "rounds integers by way of a float": (
        "json",
        kombu_json.dumps,
        reading(parse_int=lambda digits: int(float(digits))),
    ),
    "rounds decimals by way of a float": (
        "json",
        kombu_json.dumps,
        altered(lambda v: type(v)(float(v)) if hasattr(v, "is_snan") else v),
    ),
    "merges keys that differ in their case": ("json", kombu_json.dumps, altered(_in_lower_case)),
    "strips zones": ("json", kombu_json.dumps, altered(_without_zone)),
    "loses microseconds": ("json", kombu_json.dumps, altered(_without_microseconds)),
    "cuts long text": ("json", kombu_json.dumps, altered(_cut)),
    "swallows half a character": ("json", lambda value: _plain(value).encode("utf-8", "ignore"), kombu_json.loads),
    "cannot send half a character": ("json", _plain, kombu_json.loads),
    "loses the last byte": ("json", kombu_json.dumps, altered(_without_the_last_byte)),
    "forgets the sign of zero": ("json", kombu_json.dumps, altered(_without_the_sign_of_zero)),
    "takes what is empty for nothing": ("json", kombu_json.dumps, lambda text: kombu_json.loads(text) or None),
    "writes its text where it knows no better": ("json", functools.partial(json.dumps, default=str), kombu_json.loads),
    "skips keys that are no text": ("json", functools.partial(kombu_json.dumps, skipkeys=True), kombu_json.loads),
    "reads text as bytes": ("msgpack", msgpack.packb, functools.partial(msgpack.unpackb, raw=True)),
    "reads everything as text": ("yaml", yaml.safe_dump, functools.partial(yaml.load, Loader=yaml.BaseLoader)),
}

AIMED = {
    "drops NaN": "NaN, infinity",
    "rounds integers by way of a float": "integer of 64 bits",
    "rounds decimals by way of a float": "Decimal",
    "merges keys that differ in their case": "dict",
    "strips zones": "datetime of a fixed offset",
    "loses microseconds": "datetime, naive",
    "cuts long text": "text of 1 MB",
    "swallows half a character": "text with half a character",
    "cannot send half a character": "text with half a character",
    "loses the last byte": "bytes, not UTF-8",
    "forgets the sign of zero": "-0.0",
    "takes what is empty for nothing": "text, ASCII",
    "writes its text where it knows no better": "set",
    "skips keys that are no text": "dict by tuple",
    "reads text as bytes": "text, ASCII",
    "reads everything as text": "integer of 53 bits",
}
"""Beside which simple kind a bug is looked for. Among all kinds it is found as well, but not by the same example on each machine: Hypothesis
tries numbers and texts that it finds in the files that happen to be loaded.
"""

BESIDE = ("None, True, False", "list")
OF_REFUSALS = ("writes its text where it knows no better", "skips keys that are no text")


@contextmanager
def registered(bug: str) -> Iterator[str]:
    """Tells the column of the table that it should be like."""
    column, encode, decode = SERIALIZERS[bug]
    serialization.register(NAME, encode, decode, f"application/x-{NAME}", "utf-8")
    try:
        yield column
    finally:
        serialization.unregister(NAME)


class Swallows(Program):
    """Fails in silence."""

    def send(self, serializer: str, value: Any) -> None:
        try:
            super().send(serializer, value)
        except EncodeError:
            pass


class SendsItsText(Program):
    """Does what it can."""

    def send(self, serializer: str, value: Any) -> None:
        try:
            super().send(serializer, value)
        except EncodeError:
            super().send(serializer, str(value))


class SendsAndFails(Program):
    """Has sent something by the time it fails."""

    def send(self, serializer: str, value: Any) -> None:
        try:
            super().send(serializer, value)
        except EncodeError:
            super().send(serializer, None)
            raise


class SaysNothing(Program):
    """Does not say what it could not encode."""

    def send(self, serializer: str, value: Any) -> None:
        try:
            super().send(serializer, value)
        except EncodeError:
            raise EncodeError("cannot be encoded") from None


class RaisesTheCause(Program):
    """Has the caller meet whatever the encoder met."""

    def send(self, serializer: str, value: Any) -> None:
        try:
            super().send(serializer, value)
        except EncodeError as error:
            raise (error.__context__ or error) from None


class SendsTwice(Program):
    """Tries again what has succeeded."""

    def send(self, serializer: str, value: Any) -> None:
        super().send(serializer, value)
        super().send(serializer, value)


class ForgetsKeywords(Program):
    """Copies what it is handed, but not all of it."""

    def send(self, serializer: str, value: Any) -> None:
        self.app.send_task(TASK, (value,), {"value": value or None}, serializer=serializer)


PRODUCERS: dict[str, type[Program]] = {
    "swallows the error": Swallows,
    "sends the text of what it cannot encode": SendsItsText,
    "fails after it has sent": SendsAndFails,
    "does not say what it could not encode": SaysNothing,
    "raises what the encoder raised": RaisesTheCause,
    "sends twice": SendsTwice,
    "forgets a keyword argument": ForgetsKeywords,
}


def without(place: str, canvas: Any) -> Any:
    """A canvas' form that has lost an option, wherever it was."""
    if isinstance(canvas, list):
        return [without(place, inner) for inner in canvas]
    if isinstance(canvas, dict):
        return {key: without(place, inner) for key, inner in canvas.items() if key != place}
    return canvas


def _mutable(canvas: Any) -> Any:
    return json.loads(json.dumps(form(canvas)).replace('"immutable": true', '"immutable": false'))


ENCODERS: dict[str, Callable[[Any], str]] = {
    "a canvas loses its errbacks": lambda canvas: json.dumps(without("link_error", form(canvas))),
    "a canvas loses its callbacks": lambda canvas: json.dumps(without("link", form(canvas))),
    "a canvas forgets that it is immutable": lambda canvas: json.dumps(_mutable(canvas)),
    "a canvas loses its headers": lambda canvas: json.dumps(without("headers", form(canvas))),
}

MESSAGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a message loses its errbacks": lambda asked: {**asked, "errbacks": None},
    "a message loses its callbacks": lambda asked: {**asked, "callbacks": None},
    "a message has the first callback only": lambda asked: {**asked, "callbacks": (asked.get("callbacks") or [])[:1]},
    "a message loses the end of its chain": lambda asked: {**asked, "chain": (asked.get("chain") or [])[-1:]},
    "a message loses its chord": lambda asked: {**asked, "chord": None},
}


TASKS = st.builds(celery.Signature, st.just(TASK))
OPTIONS = st.sampled_from([{}, {"headers": {"trace": "a"}}])
TASKS_WITH_OPTIONS = st.builds(celery.Signature, st.just(TASK), options=OPTIONS, immutable=st.booleans())
CALLBACKS = st.fixed_dictionaries({"link": st.lists(TASKS, max_size=2), "link_error": st.lists(TASKS, max_size=2)})
TASKS_WITH_CALLBACKS = CALLBACKS.map(
    lambda all_: celery.Signature(TASK, **{place: some for place, some in all_.items() if some})
)


@contextmanager
def messages_altered(bug: str) -> Iterator[Program]:
    """A program whose messages lack something."""
    with program() as it:
        create = it.app.amqp.create_task_message
        whole = inspect.signature(create)
        it.app.amqp.create_task_message = lambda *args, **kwargs: create(
            **MESSAGES[bug](dict(whole.bind(*args, **kwargs).arguments))
        )
        yield it


def caught_in_serializer(bug: str) -> str:
    """What gave a bug of a serializer away that changes what must not change."""
    with registered(bug):
        return planted.smallest(mixtures([*BESIDE, AIMED[bug]]), lambda mixture: is_handed_on(NAME, mixture.value))


def caught_by_the_table(bug: str) -> str:
    """What gave a bug of a serializer away that does not refuse what it must refuse."""
    with registered(bug) as column:
        return planted.smallest(
            mixtures([*BESIDE, AIMED[bug]]), lambda mixture: stands_in_the_table(NAME, mixture, column)
        )


def caught_in_producer(bug: str) -> str:
    """What gave a bug of a producer away."""
    with program() as it:
        mistaken = PRODUCERS[bug](it.app, it._channel)
        return planted.smallest(
            mixtures([*BESIDE, "set"]), lambda mixture: arrives_or_is_refused(mistaken, "json", mixture)
        )


def caught_in_canvas(bug: str) -> str:
    """What gave a bug of an encoder of canvases away."""
    drawn = TASKS_WITH_CALLBACKS if bug.endswith("backs") else TASKS_WITH_OPTIONS
    return planted.smallest(drawn.map(form), lambda canvas: comes_back_equal(canvas, ENCODERS[bug]))


def caught_in_message(bug: str) -> str:
    """What gave a bug of a message away."""
    drawn = {"chain": chains(TASKS), "chord": chords(TASKS)}.get(bug.rpartition(" ")[2], TASKS_WITH_CALLBACKS)
    with messages_altered(bug) as it:
        return planted.smallest(drawn.map(form), lambda canvas: goes_out_whole(it, canvas))


def caught() -> dict[str, str]:
    """All of them."""
    return {
        **{
            f"a serializer {bug}": (caught_by_the_table if bug in OF_REFUSALS else caught_in_serializer)(bug)
            for bug in SERIALIZERS
        },
        **{f"a producer {bug}": caught_in_producer(bug) for bug in PRODUCERS},
        **{bug: caught_in_canvas(bug) for bug in ENCODERS},
        **{bug: caught_in_message(bug) for bug in MESSAGES},
    }


@pytest.mark.filterwarnings("ignore:task_allow_error_cb_on_chord_header")
def test_each_planted_bug_is_caught_by_the_example_that_is_kept() -> None:
    """None is caught by nothing: `planted.smallest` raises then."""
    found = caught()
    for bug, example in found.items():
        planted.same_as_kept("round_trip", bug, example)
    planted.none_is_gone("round_trip", found)


@pytest.mark.parametrize(("bug", "kind"), [("drops NaN", "NaN, infinity"), ("takes what is empty for nothing", "list")])
def test_a_serializer_that_changes_a_row_is_not_what_the_table_says(bug: str, kind: str) -> None:
    """The table is held in both directions: an outcome more is caught, and one that is gone."""
    with registered(bug) as column:
        assert frozenset(changes.outcomes(NAME, changes.drawn(kind))) != TABLE[kind][column]


def test_json_that_drops_nan_is_caught_among_what_json_has_a_word_for() -> None:
    """By the property of `json_values`."""
    with registered("drops NaN"):
        assert planted.smallest(json_values(), lambda value: is_handed_on(NAME, value)) == "nan"


def test_a_bug_is_found_among_all_kinds_too() -> None:
    """The property of the suite is the one that draws all of them."""
    with registered("loses the last byte") as column:
        assert planted.smallest(
            mixtures(unchanged_kinds(column)), lambda mixture: is_handed_on(NAME, mixture.value)
        ).startswith("b'")


def test_the_search_finds_nothing_where_nothing_is_planted() -> None:
    """The bugs are caught for what they are, and not for being looked at in this way."""
    serialization.register(NAME, kombu_json.dumps, kombu_json.loads, f"application/x-{NAME}", "utf-8")
    try:
        with pytest.raises(NoSuchExample):
            planted.smallest(mixtures(BESIDE), lambda mixture: is_handed_on(NAME, mixture.value))
    finally:
        serialization.unregister(NAME)
