"""A chord ends, whatever its members return or raise: its body is called with all that they returned, or fails and says for whom."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from celery import states
from endings import Bench, Raised, Returned, arrived, bench, fate
from hypothesis import given, settings
from hypothesis import strategies as st
from kombu.exceptions import DecodeError
from result_contracts import returned
from result_stores import SERIALIZERS, Store, fake_redis, real_redis
from stormproof.serializers.codec import Fate
from stormproof.serializers.exact import difference
from stormproof.serializers.strategies import exceptions
from stormproof.serializers.strategies.exceptions import KINDS

Did = Returned | Raised
_KINDS = sorted(
    set(KINDS) - {"long text", "group", "with causes"}
)  # The last two take time, and are errors like others here.


@pytest.fixture(scope="module", params=["fake", "real"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with fake_redis() if request.param == "fake" else real_redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture(scope="module", params=SERIALIZERS)
def on(request: pytest.FixtureRequest, store: Store) -> Iterator[Bench]:
    with bench(store, request.param) as found:
        yield found


def members() -> st.SearchStrategy[list[Did]]:
    """Two or three, of which most return something ordinary."""
    ordinary = st.integers(0, 9).map(Returned)
    odd: st.SearchStrategy[Did] = st.one_of(returned().map(Returned), exceptions(_KINDS).map(Raised))
    return st.lists(ordinary | odd, min_size=2, max_size=3)


def called_with(on: Bench, chord: list[Did], **options: Any) -> tuple[Any, Any]:
    """Runs the members, and returns what the body is called with (None: it is not called; the error where its message cannot be read) and
    its ending.
    """
    app, group_id, body_id = on.worker.app, str(uuid.uuid4()), str(uuid.uuid4())
    body = app.signature("body", options={"task_id": body_id, "queue": body_id})
    app.backend.set_chord_size(group_id, len(chord))
    for index, did in enumerate(chord):
        on.worker.run(did, chord=dict(body), group_id=group_id, group_index=index, **options)
    ending = on.reader.read(body_id)
    with app.connection_for_read() as connection, connection.SimpleQueue(body_id) as queue:
        try:
            message = queue.get_nowait()
        except queue.Empty:
            return None, ending
        message.ack()
        try:
            return message.payload[0][0], ending
        except DecodeError as error:
            return error, ending


def check(on: Bench, chord: list[Did], **options: Any) -> None:
    """The contract. Known: a value that looks like a broken envelope spoils the body's message, which is JSON."""
    called, ending = called_with(on, chord, **options)
    if isinstance(called, DecodeError):
        assert any(isinstance(did, Returned) and _spoils(did.value, on.serializer) for did in chord)
    elif called is None:
        assert ending.state == states.FAILURE and type(ending.result).__name__ == "ChordError"
        assert any(isinstance(did, Raised) or _is_refused(did.value, on.serializer) for did in chord)
    else:
        assert not [did for did in chord if isinstance(did, Raised) or _is_refused(did.value, on.serializer)]
        parts = [arrived(on.serializer, did.value) for did in chord if isinstance(did, Returned)]
        assert difference(arrived("json", parts), called) is None


def _is_refused(value: Any, serializer: str) -> bool:
    """By the serializer of results, or, what is made of it, by that of the body's message; nests are a little deeper there."""
    if fate(serializer, [[value] * 3]) in (Fate.UNCHANGED, Fate.CHANGED):
        return fate("json", [[arrived(serializer, value)] * 3]) not in (Fate.UNCHANGED, Fate.CHANGED)
    return True


def _spoils(value: Any, serializer: str) -> bool:
    return fate("json", arrived(serializer, value)) is Fate.UNREADABLE


@pytest.mark.parametrize("ignored", [False, True])
def test_a_chord_ends_whatever_its_members_do(on: Bench, ignored: bool) -> None:
    """Also where the members' own results are ignored."""
    most = settings.default.max_examples if settings.default else 100

    @settings(max_examples=max(5, most // (16 if on.serializer == "yaml" else 6)))
    @given(members())
    def every(chord: list[Did]) -> None:
        check(on, chord, ignore_result=ignored)

    every()
