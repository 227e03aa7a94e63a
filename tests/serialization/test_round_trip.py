"""What arrives is what was sent, or sending fails in the caller; and what kombu changes all the same is what the table says."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Iterator
from typing import Any

import changes
import pytest
import table
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from round_trip import (
    TABLE,
    UNSENDABLE,
    arrives_or_is_refused,
    comes_back_equal,
    form,
    goes_out_whole,
    is_handed_on,
    parts,
    stands_in_the_table,
    unchanged_kinds,
)
from sending import Program, program
from stormproof.serializers import codec
from stormproof.serializers.codec import Fate
from stormproof.serializers.strategies import KINDS, Mixture, canvases, json_values, mixtures, signatures

SERIALIZERS = codec.installed()
BY_PYTHON = frozenset(("1,000 levels deep",))
"""Kinds of which other versions of Python refuse less."""

SLOW = {("text of 1 MB", "yaml")}
A_FEW = 20


@pytest.fixture(scope="module")
def sender() -> Iterator[Program]:
    """A program whose queue is looked into."""
    with program() as it:
        yield it


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_says_what_becomes_of_a_kind(kind: str) -> None:
    """No outcome more, and none less: read the difference, then `python docs/generate.py`."""
    examples = changes.drawn(kind, max(changes.ENOUGH, settings().max_examples))
    found = {serializer: changes.outcomes(serializer, examples) for serializer in SERIALIZERS}
    if kind in BY_PYTHON and not platform.python_version().startswith(f"{table.python()}."):
        assert all(one.kept for each in found.values() for one in each.values())
    else:
        assert {serializer: frozenset(each) for serializer, each in found.items()} == TABLE[kind]


def test_the_table_has_each_kind_and_each_serializer_in_order() -> None:
    """What is gone from here is gone from there."""
    assert list(TABLE) == list(KINDS)
    assert all(list(row) == SERIALIZERS for row in TABLE.values())


@pytest.mark.parametrize("change", table.changes(), ids=lambda change: f"{change.kind}-{change.what}")
def test_each_example_of_the_document_shows_its_change(change: table.Change) -> None:
    """Another Hypothesis may find another smallest one; those that stand there must show what they are there for."""
    for serializer in change.serializers:
        assert changes.passage(serializer, table.evaluated(change.example)).what == change.what


def test_the_document_has_an_example_of_each_broken_promise() -> None:
    """And of nothing else."""
    broken = {
        (kind, serializer, what)
        for kind, row in TABLE.items()
        for serializer, outcomes in row.items()
        for what in outcomes
        if what != Fate.UNCHANGED.value and not what.startswith(Fate.REFUSED.value)
    }
    assert {
        (change.kind, serializer, change.what) for change in table.changes() for serializer in change.serializers
    } == broken


@pytest.mark.parametrize("serializer", SERIALIZERS)
@given(mixture=mixtures())
def test_nothing_becomes_of_nested_values_that_the_table_has_not(serializer: str, mixture: Mixture) -> None:
    """Whatever is nested in whatever meets what its kinds meet by themselves, so that the table is all that one must know."""
    stands_in_the_table(serializer, mixture)


@pytest.mark.parametrize("serializer", SERIALIZERS)
@given(data=st.data())
def test_what_the_table_calls_unchanged_is_so_in_whatever_it_is_nested(serializer: str, data: st.DataObject) -> None:
    """Beside no kind that is refused or changed, which would hide what becomes of others."""
    is_handed_on(serializer, data.draw(mixtures(unchanged_kinds(serializer))).value)


@given(json_values())
def test_json_hands_on_whatever_it_has_a_word_for(value: Any) -> None:
    """To the letter, with all that hurts."""
    is_handed_on("json", value)


@pytest.mark.parametrize(
    ("kind", "serializer"), sorted(set(itertools.product(KINDS.keys() - UNSENDABLE, SERIALIZERS)) - SLOW)
)
def test_each_kind_arrives_by_a_queue_as_the_codec_says_or_fails_in_the_caller(
    sender: Program, kind: str, serializer: str
) -> None:
    """By `send_task`, as argument and keyword argument: an EncodeError that says what, and an empty queue."""
    for value in changes.drawn(kind, A_FEW):
        arrives_or_is_refused(sender, serializer, Mixture(value, frozenset((kind,))))


@pytest.mark.parametrize("serializer", SERIALIZERS)
@given(mixture=mixtures())
def test_nested_values_arrive_by_a_queue_as_the_codec_says_or_fail_in_the_caller(
    sender: Program, serializer: str, mixture: Mixture
) -> None:
    """The same of anything nested."""
    assume(not mixture.kinds & UNSENDABLE)
    arrives_or_is_refused(sender, serializer, mixture)


@given(canvases() | signatures(json_values()))
def test_a_canvas_comes_back_equal_as_json(canvas: Any) -> None:
    """With callbacks, chains and chords in it."""
    comes_back_equal(canvas)


@pytest.mark.filterwarnings("ignore:task_allow_error_cb_on_chord_header")
@given(canvas=canvases())
def test_all_tasks_of_a_canvas_go_out_with_all_that_is_asked_of_them(sender: Program, canvas: Any) -> None:
    """Within the messages of others, too: none loses its arguments, callbacks or errbacks."""
    made = form(canvas)
    assume(not _loses_callbacks(made))
    goes_out_whole(sender, made)


def _alone(canvas: dict[str, Any]) -> dict[str, Any]:
    """Celery takes a group of one for that one."""
    while canvas["subtask_type"] == "group" and len(canvas["kwargs"]["tasks"]) == 1:
        (canvas,) = canvas["kwargs"]["tasks"]
    return canvas


def _loses_callbacks(canvas: dict[str, Any]) -> bool:
    """Whether it has a chain directly within another or of a single group, with callbacks: see `tests/upstream/test_celery_messages.py`."""
    for part in parts(canvas):
        inner = part["kwargs"]["tasks"] if part["subtask_type"] == "chain" else []
        in_effect = [_alone(each) for each in inner]
        if any(
            each["subtask_type"] == "chain" and each["options"].keys() & {"link", "link_error"} for each in in_effect
        ):
            return True
        if len(inner) == 1 and inner[0]["subtask_type"] == "group" and "link" in part["options"]:
            return True
    return False
