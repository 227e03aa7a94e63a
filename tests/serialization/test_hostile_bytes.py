"""Whatever stands in the queue: the worker survives it, says so, and takes the next. Whatever stands under a result's key: the API answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import planted
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from siege import SOUND, Siege, Touch, siege
from stormproof.sameness import brief
from stormproof.strategies.hostile import Hostile, hostile, hostile_results

BATCH, BATCHES = 50, 40
STORED = {
    "status": "SUCCESS",
    "result": {"status": "sent", "recipient": "first@example.org"},
    "traceback": None,
    "children": [],
    "date_done": "2026-01-01T00:00:00+00:00",
    "task_id": "first",
}


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    with siege(tmp_path_factory.mktemp("siege")) as standing:
        yield standing


def messages(siege: Siege) -> st.SearchStrategy[Hostile]:
    return hostile(SOUND, unpickled=lambda: Touch(siege.trap))


def test_the_worker_survives_every_message_and_executes_none(besieged: Siege) -> None:
    """2,000 messages of all kinds against one worker, with an ordinary task after every fifty."""

    # A worker that dies takes seconds to come back: instead of smaller batches, the messages of one are tried alone.
    @settings(max_examples=max(BATCHES, settings.default.max_examples // 3), phases=[Phase.reuse, Phase.generate])
    @given(st.lists(messages(besieged), min_size=BATCH, max_size=BATCH))
    def holds(batch: list[Hostile]) -> None:
        try:
            besieged.holds(batch)
        except AssertionError:
            for message in batch:
                _alone(besieged, message)
            raise

    before = besieged.pushed
    holds()
    assert besieged.pushed - before >= BATCH * BATCHES


def _alone(siege: Siege, message: Hostile) -> None:
    try:
        siege.holds([message])
    except AssertionError as error:
        raise AssertionError(f"{shown(message)}: {error}") from None


def test_the_api_survives_every_stored_result(besieged: Siege) -> None:
    """What its journal says does not depend on what anybody has written into the result backend."""

    @given(hostile_results(STORED))
    def holds(stored: bytes) -> None:
        besieged.answers(stored)

    holds()


def one(siege: Siege) -> tuple[st.SearchStrategy[Any], Callable[[Any], None]]:
    return messages(siege), lambda message: siege.holds([message])


def stored(siege: Siege) -> tuple[st.SearchStrategy[Any], Callable[[Any], None]]:
    return hostile_results(STORED), siege.answers


def shown(example: Hostile | bytes) -> str:
    """How it differs from what it was made of."""
    raw, sound = (example.raw, SOUND) if isinstance(example, Hostile) else (example, STORED)
    kind = f"{example.kind}: " if isinstance(example, Hostile) else ""
    try:
        is_now = dict(fields(json.loads(raw)))
    except ValueError:
        return kind + brief(raw)
    was = dict(fields(sound))
    gone = [f"no {path}" for path in was if path not in is_now]
    other = [f"{path} is {brief(value)}" for path, value in is_now.items() if path not in was or was[path] != value]
    return kind + (", ".join(gone + other) or brief(raw))


def fields(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each field at any depth; a body as what it encodes."""
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, dict) and value:
            yield from fields(value, f"{path}{name}.")
        elif name == "body" and isinstance(value, str):
            yield name, base64.b64decode(value)
        else:
            yield path + name, value


MISTAKES = {
    "no_gate": ("worker", "the worker died", one),
    "gate_says_nothing": ("worker", "left a word", one),
    "digest_unchecked": ("worker", "executed, and never sent", one),
    "pickle_accepted": ("worker", "something was unpickled", one),
    "gate_unpacks": ("worker", "has grown", one),
    "status_of_the_backend": ("api", "Internal Server Error", stored),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_caught(mistake: str, tmp_path: Path) -> None:
    """Each by what it is known for, and by the example that stands in the list."""
    component, says, property_of = MISTAKES[mistake]
    with siege(tmp_path, component, mistake) as standing:
        examples, holds = property_of(standing)
        found = planted.smallest(examples, holds, says=says, show=shown)
    planted.same_as_kept("hostile_bytes", mistake, found)
