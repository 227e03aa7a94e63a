"""What the gate lets in, what it objects to, and that a worker's transport goes on behind it."""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from hardened import gate
from hardened.publisher import Publisher
from hardened.settings import Settings
from kombu import Connection
from redis.exceptions import ConnectionError as RedisConnectionError

BODY = [
    [],
    {"recipient": "a@example.org", "content": "x"},
    {"callbacks": None, "errbacks": None, "chain": None, "chord": None},
]
HEADERS = {
    "lang": "py",
    "task": "hardened.send_email",
    "id": "1f0b",
    "root_id": "1f0b",
    "timelimit": [None, None],
    "retries": 0,
}
PROPERTIES = {
    "delivery_tag": "d",
    "delivery_info": {"exchange": "", "routing_key": "celery"},
    "body_encoding": "base64",
}


def message(*, body: Any = BODY, headers: Any = HEADERS, properties: Any = PROPERTIES, **other: Any) -> dict[str, Any]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {
        "body": base64.b64encode(text).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": properties,
        **other,
    }


def far(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def nested(depth: int) -> bytes:
    return b'[[], {"content": ' + b"[" * depth + b"]" * depth + b"}, {}]"


LET_IN = {
    "as it is": message(),
    "with limits": message(headers={**HEADERS, "timelimit": [110, 120.5]}),
    "with an ETA soon": message(headers={**HEADERS, "eta": far(0), "expires": far(0)}),
    "put back by kombu": message(
        headers={**HEADERS, "redelivered": True},
        properties={**PROPERTIES, "delivery_info": {"exchange": "", "routing_key": "celery", "redelivered": True}},
    ),
    "deep, within reason": message(body=nested(60)),
}
OBJECTED = {
    "it is nothing": None,
    "it is a list": [],
    "a part is missing": {name: value for name, value in message().items() if name != "properties"},
    "a part is too many": message(more=1),
    "a header is too many": message(headers={**HEADERS, "compression": "gzip"}),
    "the task is no name": message(headers={**HEADERS, "task": "a\nb"}),
    "the id is no text": message(headers={**HEADERS, "id": 5}),
    "pickle": message(**{"content-type": "application/x-python-serialize"}),
    "another coding": message(**{"content-encoding": "utf-16"}),
    "no base64": message() | {"body": "*"},
    "no JSON": message(body=b"{"),
    "a mark of kombu's that is none": message(body=b'[[], {"content": {"__type__": "decimal", "__value__": "x"}}, {}]'),
    "a body of two": message(body=[[], {}]),
    "arguments that are no list": message(body=["ab", {}, {}]),
    "a callback": message(body=[[], {}, {"callbacks": [{}]}]),
    "a limit that is no pair": message(headers={**HEADERS, "timelimit": 5}),
    "a limit of no time": message(headers={**HEADERS, "timelimit": [0, 0]}),
    "a limit of NaN": message(headers={**HEADERS, "timelimit": [float("nan"), None]}),
    "an ETA next week": message(headers={**HEADERS, "eta": far(7)}),
    "an ETA that is none": message(headers={**HEADERS, "eta": "tomorrow"}),
    "expired last year": message(headers={**HEADERS, "expires": far(-365)}),
    "too deep": message(body=nested(70)),
    "deeper than JSON is read": message(body=nested(50_000)),
    "too large": message(body=[[], {"content": "x" * gate.LIMIT_BYTES}, {}]),
}


@pytest.mark.parametrize("name", LET_IN)
def test_it_lets_in_what_celery_and_the_publisher_write(name: str) -> None:
    assert gate.objection(LET_IN[name]) == ""


@pytest.mark.parametrize("name", OBJECTED)
def test_it_objects_in_one_line(name: str) -> None:
    reason = gate.objection(OBJECTED[name])
    assert reason and "\n" not in reason


def test_it_lets_in_what_the_publisher_writes_today() -> None:
    publisher = Publisher(Settings(_env_file=None, celery_broker_url="memory://"))  # type: ignore[call-arg]
    publisher._celery.conf.broker_transport_options = {}
    publisher.publish("1f0b", {"recipient": "a@example.org", "content": "x"})
    with publisher._celery.connection_for_write() as connection:
        written = connection.channel()._get("celery")
    assert gate.objection(written) == ""
    assert len(written["headers"]["digest"]) == 64


class DeliveredError(Exception):
    """The worker got the message."""


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> gate.Channel:
    """A channel of the gate's transport that is connected to nothing: what it reads is `channel.read`."""
    monkeypatch.setattr(
        gate.redis.Channel, "__init__", lambda self, connection: setattr(self, "connection", connection)
    )
    transport = gate.Transport(Connection("redis://127.0.0.1:1"))
    channel = gate.Channel(transport)

    def read(self: gate.Channel) -> None:
        got = self.read
        if isinstance(got, Exception):
            raise got
        transport._deliver(json.loads(got), "celery")

    monkeypatch.setattr(gate.redis.Channel, "_brpop_read", read)
    return channel


def test_what_is_let_in_reaches_the_worker_and_its_errors_are_its_own(
    channel: gate.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deliver(*_: Any) -> None:
        raise DeliveredError

    monkeypatch.setattr(gate.redis.Transport, "_deliver", deliver)
    channel.read = json.dumps(message()).encode()
    with pytest.raises(DeliveredError):
        channel._brpop_read()
    assert channel.connection.at_gate is False


@pytest.mark.parametrize("raw", [b"{", b"null", json.dumps(message(body=b"{")).encode()])
def test_what_is_not_let_in_is_said_and_dropped(
    channel: gate.Channel, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    channel.read = raw
    with caplog.at_level(logging.ERROR):
        channel._brpop_read()
    assert len(caplog.messages) == 1 and caplog.messages[0].startswith("refused a message: ")
    assert channel.connection.at_gate is False


def test_a_broker_that_is_gone_is_no_message(channel: gate.Channel) -> None:
    channel.read = RedisConnectionError()
    with pytest.raises(RedisConnectionError):
        channel._brpop_read()


def test_orders_to_the_worker_do_not_pass_the_gate(channel: gate.Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[Any] = []
    monkeypatch.setattr(gate.redis.Transport, "_deliver", lambda self, message, queue: got.append(message))
    channel.connection._deliver({"method": "ping"}, "celery.pidbox")
    assert got == [{"method": "ping"}]


def test_the_worker_is_configured_with_it() -> None:
    from hardened.celery_config import worker_config

    app = Celery(broker="redis://127.0.0.1:1", set_as_current=False)
    app.conf.update(worker_config(Settings(_env_file=None)))  # type: ignore[call-arg]
    assert type(app.connection_for_read().transport) is gate.Transport
