"""Which reply answers which request: subscriptions and pushes have an order of their own."""

from __future__ import annotations

import pytest
from stormproof.wire.pairing import Pairing
from stormproof.wire.resp import request

SUBSCRIBED = b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
MESSAGE = b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
GONE = b"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"


def answered(pairing: Pairing, *replies: bytes) -> list[str]:
    return [asked.name[0] if asked else "-" for asked in map(pairing.reply, replies)]


@pytest.mark.parametrize("push", [b"*", b">"])
def test_messages_are_nobodys_answer_and_confirmations_are(push: bytes) -> None:
    pairing = Pairing()
    pairing.request(request("SUBSCRIBE", "a", "b"))
    pairing.request(request("PING"))
    replies = [push + reply[1:] for reply in (SUBSCRIBED, MESSAGE, SUBSCRIBED, MESSAGE)]
    assert answered(pairing, *replies, b"+PONG\r\n") == ["SUBSCRIBE", "-", "SUBSCRIBE", "-", "PING"]


def test_after_the_last_channel_is_left_an_array_is_an_answer_again() -> None:
    pairing = Pairing()
    for words in (("SUBSCRIBE", "a"), ("UNSUBSCRIBE", "a"), ("LRANGE", "l", "0", "9")):
        pairing.request(request(*words))
    assert answered(pairing, SUBSCRIBED, GONE, MESSAGE) == ["SUBSCRIBE", "UNSUBSCRIBE", "LRANGE"]


@pytest.mark.parametrize("raw", [b"\r\n", b"*0\r\n", b"*-1\r\n"])
def test_an_empty_request_is_owed_nothing(raw: bytes) -> None:
    pairing = Pairing()
    assert pairing.request(raw) is None
    pairing.count(raw, is_request=True)
    pairing.count(request("GET", "a"), is_request=True)
    assert answered(pairing, b"+OK\r\n", b"+OK\r\n") == ["GET", "-"]


def test_an_inline_request_is_a_request() -> None:
    pairing = Pairing()
    pairing.count(b"ping\r\n", is_request=True)
    assert answered(pairing, b"+PONG\r\n") == ["PING"]


@pytest.mark.parametrize(
    "raw", [request("MONITOR"), request("SYNC"), request("CLIENT", "REPLY", "OFF"), request("client", "reply", "skip")]
)
def test_some_commands_leave_no_order(raw: bytes) -> None:
    pairing = Pairing()
    pairing.count(raw, is_request=True)
    assert pairing.gave_up.endswith("leaves no order of replies")
    assert answered(pairing, b"+OK\r\n") == ["-"]


def test_other_words_of_client_are_ordinary() -> None:
    pairing = Pairing()
    pairing.count(request("CLIENT", "SETINFO", "LIB-NAME", "x"), is_request=True)
    assert answered(pairing, b"+OK\r\n") == ["CLIENT"]
