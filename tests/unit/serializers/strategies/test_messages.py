"""A sound message is one that kombu reads and Celery executes as it was meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from celery import Celery, current_app
from hypothesis import HealthCheck, Phase, find, given, settings
from kombu.transport import virtual
from stormproof.serializers.strategies import chains, chords, groups, signatures
from stormproof.serializers.strategies.messages import encoded, envelope, messages

ANY = settings(database=None, max_examples=500, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


class Channel(virtual.Channel):
    """Only what a message asks of its channel."""

    def __init__(self) -> None:
        """Nothing is connected."""


def read(raw: bytes) -> Any:
    return virtual.Message(json.loads(raw), channel=Channel())


def test_kombu_reads_what_was_meant() -> None:
    message = read(encoded(envelope("shop.ship", {"order": "ä\u202e"}, task_id="t", digest="d")))
    args, kwargs, embed = message.decode()
    assert (args, kwargs) == ([], {"order": "ä\u202e"})
    assert embed == {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    assert (message.headers["task"], message.headers["id"], message.headers["digest"]) == ("shop.ship", "t", "d")


def test_it_has_the_fields_that_celery_itself_writes() -> None:
    with Celery(broker="memory://", set_as_current=False) as app, app.connection_for_write() as connection:
        app.send_task("shop.ship", kwargs={"order": 1}, connection=connection, task_id="t")
        written = connection.channel().basic_get("celery")
        ours = read(encoded(envelope("shop.ship", {"order": 1}, task_id="t")))
    assert ours.headers.keys() == written.headers.keys()
    assert ours.properties.keys() == written.properties.keys()
    assert (ours.content_type, ours.content_encoding) == (written.content_type, written.content_encoding)
    assert ours.decode() == written.decode()


def test_each_has_an_id_and_a_tag_of_its_own() -> None:
    one, other = envelope("shop.ship", {}), envelope("shop.ship", {})
    assert one["headers"]["id"] != other["headers"]["id"]
    assert one["properties"]["delivery_tag"] != other["properties"]["delivery_tag"]


@settings(max_examples=50, deadline=None)
@given(messages())
def test_messages_of_canvases_are_sound(written: tuple[dict[str, Any], ...]) -> None:
    for message in written:
        _, _, embed = read(encoded(message)).decode()
        assert embed.keys() == {"callbacks", "errbacks", "chain", "chord"}
        assert message["headers"]["task"]


@pytest.mark.parametrize(
    ("canvas", "embedded"),
    [(signatures(), "callbacks"), (signatures(), "errbacks"), (chains(), "chain"), (chords(), "chord")],
)
def test_each_thing_that_a_message_can_embed_is_embedded(canvas: Any, embedded: str) -> None:
    def has(written: tuple[dict[str, Any], ...]) -> bool:
        return any(read(encoded(message)).decode()[2][embedded] for message in written)

    assert find(messages(canvas), has, settings=ANY)


def test_a_group_writes_a_message_for_each_and_the_current_app_is_what_it_was() -> None:
    before = current_app._get_current_object()
    assert len(find(messages(groups(least=3)), bool, settings=ANY)) == 3
    assert current_app._get_current_object() is before
