"""Whatever stands in the queue: the worker survives it, says so, and takes the next. Whatever stands under a result's key: the API answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import planted
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from siege import SOUND, Siege, Touch, siege
from stormproof.serializers.exact import brief
from stormproof.serializers.strategies.hostile import Hostile, hostile_messages, hostile_results

# A failure is told in words of its own: that the message has no short repr is no news.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

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


def messages(siege: Siege, *kinds: str) -> st.SearchStrategy[Hostile]:
    return hostile_messages(SOUND, kinds=kinds, unpickled=lambda: Touch(siege.trap))


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


def shown(example: Hostile | bytes) -> str:
    """How it differs from what it was made of."""
    raw, sound = (example.raw, SOUND) if isinstance(example, Hostile) else (example, STORED)
    kind = f"{example.kind}: " if isinstance(example, Hostile) else ""
    try:
        is_now = dict(fields(json.loads(raw)))
    except ValueError:
        return kind + brief(raw)
    was = dict(fields(sound))
    if not was.keys() & is_now.keys():
        return kind + brief(raw)
    gone = [f"no {path}" for path in was if path not in is_now]
    other = [f"{path} is {brief(value)}" for path, value in is_now.items() if path not in was or was[path] != value]
    return kind + (", ".join(gone + other) or brief(raw))


def fields(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each field at any depth; a body as what it encodes."""
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, dict) and value:
            yield from fields(value, f"{path}{name}.")
        elif name == "body" and isinstance(value, str):
            body = base64.b64decode(value)
            yield name, "a pickle" if body.startswith(b"\x80\x04") else body
        else:
            yield path + name, value


class Mistake(NamedTuple):
    """`kinds` of messages betray it, by what the siege then `says`; a mistake of the API is betrayed by stored results."""

    name: str
    says: str
    kinds: tuple[str, ...] = ()
    component: str = "worker"


MISTAKES = [
    Mistake("no_gate", "the worker died", ("a field is gone",)),
    Mistake("gate_says_nothing", "left a word", ("no message", "truncated")),
    Mistake("digest_unchecked", "executed, and never sent", ("bits of the body flipped",)),
    Mistake("pickle_accepted", "something was unpickled", ("pickle",)),
    Mistake("gate_unpacks", "has grown", ("compressed", "decompression bomb")),
    Mistake("status_of_the_backend", "Internal Server Error", component="api"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_caught(mistake: Mistake, tmp_path: Path) -> None:
    """Each by what it is known for, and by the example that stands in the list."""
    with siege(tmp_path, mistake.component, mistake.name) as standing:
        if mistake.component == "api":
            found = planted.smallest(hostile_results(STORED), standing.answers, says=mistake.says, show=shown)
        else:
            examples = messages(standing, *mistake.kinds)
            found = planted.smallest(examples, lambda message: standing.holds([message]), says=mistake.says, show=shown)
    planted.same_as_kept("hostile_bytes", mistake.name, found)


def test_the_list_has_no_mistake_that_is_gone() -> None:
    """It is quoted by the documents."""
    planted.none_is_gone("hostile_bytes", [mistake.name for mistake in MISTAKES])
