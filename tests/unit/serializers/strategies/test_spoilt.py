"""Each way to spoil a document spoils it, and in the way that it says."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from stormproof.serializers.strategies import spoilt

SOUND = {"id": 1, "headers": {"task": "t", "eta": None}, "body": "text"}
RAW = json.dumps(SOUND).encode()
PATHS = [("id",), ("headers",), ("headers", "task"), ("headers", "eta"), ("body",)]


def at(document: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        document = document[step] if isinstance(document, dict) and step in document else ...
    return document


@given(spoilt.flipped(RAW))
def test_one_to_four_bits_are_flipped(raw: bytes) -> None:
    assert len(raw) == len(RAW)
    assert 1 <= sum((one ^ other).bit_count() for one, other in zip(raw, RAW, strict=True)) <= 4


@given(spoilt.truncated(RAW))
def test_the_end_is_missing(raw: bytes) -> None:
    assert RAW.startswith(raw) and raw != RAW


@given(spoilt.field_gone(SOUND))
def test_one_field_is_gone(raw: bytes) -> None:
    gone = [path for path in PATHS if at(json.loads(raw), path) is ...]
    assert gone and all(path[:1] == gone[0][:1] for path in gone)


@given(spoilt.field_odd(SOUND))
def test_one_field_has_another_value(raw: bytes) -> None:
    changed = [name for name, value in SOUND.items() if repr(json.loads(raw)[name]) != repr(value)]
    assert len(changed) <= 1  # None where None was is drawn, too.


@given(spoilt.fields_swapped(SOUND))
def test_what_is_swapped_was_there_before(raw: bytes) -> None:
    values = [at(SOUND, path) for path in PATHS]
    assert all(value in values or isinstance(value, dict) for value in json.loads(raw).values())


@given(spoilt.no_document())
def test_no_document_is_an_object_that_kombu_delivers(raw: bytes) -> None:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return
    assert (
        not isinstance(document, dict) or not isinstance(document.get("properties"), dict) or not document["properties"]
    )


@given(st.data())
def test_a_sound_document_is_never_changed(data: st.DataObject) -> None:
    for spoil in (spoilt.field_gone, spoilt.field_odd, spoilt.fields_swapped):
        data.draw(spoil(SOUND))
    assert json.dumps(SOUND).encode() == RAW
