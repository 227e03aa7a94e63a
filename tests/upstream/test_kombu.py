"""What kombu does with values that it should hand on or refuse. Each test says what should be; when a new kombu does it, it turns red."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import pytest
from kombu import serialization
from kombu.exceptions import DecodeError, EncodeError
from stormproof.serializers.strategies.specimens import Unready, Unspeakable


def decoded(value: Any, serializer: str) -> Any:
    """As a consumer finds it."""
    content_type, encoding, payload = serialization.dumps(value, serializer)
    return serialization.loads(payload, content_type, encoding, accept={content_type})


def refusal(value: Any, serializer: str) -> EncodeError:
    """The producer's error."""
    with pytest.raises(EncodeError) as caught:
        serialization.dumps(value, serializer)
    return caught.value


@pytest.mark.xfail(
    strict=True, raises=DecodeError, reason="msgpack writes keys that are no text and refuses to read them"
)
@pytest.mark.parametrize("key", [1, 0.5, None, True, (1, 2)], ids=str)
def test_a_mapping_that_msgpack_has_written_can_be_read(key: Any) -> None:
    """`{1: "a"}` is sent without a complaint, and the worker rejects the message."""
    assert decoded({key: "a"}, "msgpack") == {key: "a"}


@pytest.mark.xfail(strict=True, raises=DecodeError, reason="yaml writes offsets with seconds and fails to read them")
def test_a_datetime_of_an_offset_with_seconds_can_be_read_from_yaml() -> None:
    """As every zone's before there were time zones."""
    moment = datetime.datetime(1900, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
    assert decoded(moment, "yaml") == moment


@pytest.mark.xfail(
    strict=True, raises=DecodeError, reason="yaml writes keys that are tuples and reads lists, which are no keys"
)
def test_a_mapping_by_tuple_can_be_read_from_yaml() -> None:
    """Or is refused."""
    assert decoded({(1, 2): "a"}, "yaml") == {(1, 2): "a"}


ENVELOPES = [("point", [1, 2]), ("decimal", "a"), ("bytes", 1), ("base64", "a"), ([], 1), ("uuid", 1)]


@pytest.mark.xfail(
    strict=True, raises=DecodeError, reason="json writes a user's mapping with the keys of its envelope as it is"
)
@pytest.mark.parametrize(("kind", "value"), ENVELOPES, ids=str)
def test_a_mapping_like_a_broken_envelope_can_be_read_from_json(kind: Any, value: Any) -> None:
    """Whoever may choose the keys of a mapping has the worker reject the message."""
    mapping = {"__type__": kind, "__value__": value}
    assert decoded(mapping, "json") == mapping


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="json reads a user's mapping with the keys of its envelope as what it names",
)
def test_a_mapping_like_an_envelope_is_a_mapping_still() -> None:
    """It becomes a date in the task's hands."""
    mapping = {"__type__": "date", "__value__": "2024-02-29"}
    assert decoded(mapping, "json") == mapping


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="json makes text of keys, and keeps the last of those that are the same then",
)
def test_keys_that_are_the_same_text_do_not_cost_a_value() -> None:
    """Half of the mapping is gone, and nobody is told."""
    assert len(decoded({1: "a", "1": "b"}, "json")) == 2


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="json writes a time of a zone without the zone")
def test_a_time_of_a_zone_is_not_made_a_naive_one() -> None:
    """Its offset is not known without a day, and so the zone is left out; it might be refused."""
    nine = datetime.time(9, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
    assert decoded(nine, "json").tzinfo is not None


@pytest.mark.xfail(
    strict=True, raises=ZeroDivisionError, reason="the EncodeError is made of yaml's error, which is made of the value"
)
def test_the_refusal_of_an_object_whose_repr_fails_can_be_printed() -> None:
    """Whoever logs the refusal fails instead."""
    assert "Unspeakable" in str(refusal(Unspeakable(1), "yaml"))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="what a __json__ raises is all that the EncodeError says")
def test_the_refusal_of_an_object_whose_json_fails_names_its_type() -> None:
    """Among the hundred values of a message."""
    assert "Unready" in str(refusal([Unready(1)], "json"))
