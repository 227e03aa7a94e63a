"""Each kind of hostile message is what its name says, and none is the message that it was made of."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from stormproof.serializers.strategies import hostile as strategies
from stormproof.serializers.strategies.messages import encoded, envelope

SOUND = envelope("shop.ship", {"order": 1}, task_id="t")


def drawn(kind: str, **other: Any) -> st.SearchStrategy[bytes]:
    return strategies.hostile_messages(SOUND, kinds=[kind], bomb_bytes=1 << 16, **other).map(
        lambda message: message.raw
    )


def body(raw: bytes) -> bytes:
    return base64.b64decode(json.loads(raw)["body"])


class Told:
    """Says so where it is unpickled."""

    def __reduce__(self) -> Any:
        return (str, ("unpickled",))


def many(examples: st.SearchStrategy[Any], count: int = 500) -> list[Any]:
    found: list[Any] = []

    @settings(max_examples=count, derandomize=True, database=None, phases=[Phase.generate])
    @given(examples)
    def keep(example: Any) -> None:
        found.append(example)

    keep()
    return found


@pytest.mark.parametrize("kind", strategies.KINDS)
def test_every_kind_draws_bytes_that_are_not_the_sound_message(kind: str) -> None:
    found = many(strategies.hostile_messages(SOUND, kinds=[kind], bomb_bytes=1 << 16), 40)
    assert all(message.kind == kind and isinstance(message.raw, bytes) for message in found)
    # Two fields may have been equal before they were swapped; that must be the exception.
    assert sum(message.raw == encoded(SOUND) for message in found) <= len(found) / 2


def test_all_kinds_are_drawn() -> None:
    found = many(strategies.hostile_messages(SOUND, bomb_bytes=1 << 10), 1000)
    assert {message.kind for message in found} == set(strategies.KINDS)


def test_a_bomb_unpacks_to_its_size() -> None:
    raw = find(
        drawn("decompression bomb"), lambda raw: json.loads(raw)["headers"]["compression"] == "application/x-gzip"
    )
    assert len(zlib.decompress(body(raw))) > 1 << 16 > len(raw)


def test_a_pickle_tells_who_unpickles_it() -> None:
    raw = find(drawn("pickle", unpickled=Told), lambda raw: "python" in json.loads(raw)["content-type"])
    assert pickle.loads(body(raw))[1] == {"payload": "unpickled"}


def test_flips_of_the_body_leave_messages_that_are_json_and_say_something_else() -> None:
    def says_otherwise(raw: bytes) -> bool:
        try:
            return json.loads(body(raw))[1] == {"order": 0}
        except (ValueError, LookupError, TypeError):
            return False

    assert find(drawn("bits of the body flipped"), says_otherwise, settings=settings(max_examples=20_000))


def test_a_hostile_message_is_told_in_a_line() -> None:
    long = strategies.Hostile("huge headers", b"x" * 100_000)
    assert len(repr(long)) < 200


def test_stored_results_are_spoilt_in_every_way() -> None:
    found = many(strategies.hostile_results({"status": "SUCCESS", "result": 1}))
    assert b"null" in found
    assert b'{"status": "SUCCESS"}' in found
    assert b'{"status": 1, "result": "SUCCESS"}' in found
    assert any(raw.startswith(b'{"status"') and not raw.endswith(b"}") for raw in found)
