"""Which reply answers which request: subscriptions and pushes have an order of their own."""

from __future__ import annotations

import pytest
from stormproof.brokers.redis.pairing import RedisPairing as Pairing
from stormproof.brokers.redis.resp import request, words
from stormproof.brokers.redis.shape import name
from stormproof.wire.codec import Asked, Part, Piece

SUBSCRIBED = b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
MESSAGE = b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
GONE = b"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"
LEFT = GONE.replace(b":0", b":1")
PUSHED = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n"
GET, SET = request("GET", "a"), request("SET", "a", "1")


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
    for said in (("SUBSCRIBE", "a"), ("UNSUBSCRIBE", "a"), ("LRANGE", "l", "0", "9")):
        pairing.request(request(*said))
    assert answered(pairing, SUBSCRIBED, GONE, MESSAGE) == ["SUBSCRIBE", "UNSUBSCRIBE", "LRANGE"]


@pytest.mark.parametrize("raw", [request("UNSUBSCRIBE"), b"unsubscribe\r\n"])
def test_to_leave_all_channels_is_answered_once_for_each(raw: bytes) -> None:
    pairing = Pairing()
    for one in (request("SUBSCRIBE", "a", "b"), raw, GET):
        pairing.request(one)
    replies = (SUBSCRIBED, SUBSCRIBED, LEFT, GONE, b"$1\r\n1\r\n")
    assert answered(pairing, *replies) == ["SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE", "-", "GET"]


@pytest.mark.parametrize("raw", [request("SUBSCRIBE", "a", "b"), b"subscribe a b\r\n"])
def test_a_subscription_is_owed_one_reply_for_each_channel(raw: bytes) -> None:
    pairing = Pairing()
    asked = pairing.request(raw)
    assert asked is not None
    assert asked.replies == 2
    pairing.count(GET, is_request=True)
    for reply in (SUBSCRIBED, MESSAGE, SUBSCRIBED, MESSAGE):
        pairing.count(reply, is_request=False)
    assert answered(pairing, b"$1\r\n1\r\n") == ["GET"]


def test_to_leave_channels_that_were_never_joined_is_answered_for_each_too() -> None:
    pairing = Pairing()
    for raw in (request("SUBSCRIBE", "a"), request("UNSUBSCRIBE", "a", "b", "c"), GET):
        pairing.count(raw, is_request=True)
    for reply in (SUBSCRIBED, GONE, GONE, GONE):
        pairing.count(reply, is_request=False)
    assert answered(pairing, b"$1\r\n1\r\n", b"_\r\n") == ["GET", "-"]


def test_what_looks_like_a_message_is_an_answer_where_nobody_has_subscribed() -> None:
    pairing = Pairing()
    for _ in range(3):
        pairing.request(request("LRANGE", "l", "0", "9"))
    assert answered(pairing, MESSAGE, SUBSCRIBED, GONE, MESSAGE) == [*["LRANGE"] * 3, "-"]


def test_a_push_is_nobodys_answer() -> None:
    pairing = Pairing()
    pairing.request(GET)
    pairing.count(PUSHED, is_request=False)
    assert answered(pairing, PUSHED, b"$1\r\n1\r\n") == ["-", "GET"]
    pairing.count(GET, is_request=True)
    pairing.count(PUSHED, is_request=False)
    assert answered(pairing, PUSHED, b"$1\r\n1\r\n") == ["-", "GET"]


def test_an_answer_of_zero_ends_no_subscription() -> None:
    pairing = Pairing()
    for raw in (request("SUBSCRIBE", "a"), request("DEL", "a"), GET):
        pairing.request(raw)
    assert answered(pairing, SUBSCRIBED, b":0\r\n", MESSAGE, LEFT, MESSAGE, b"_\r\n") == [
        "SUBSCRIBE",
        "DEL",
        *["-"] * 3,
        "GET",
    ]


def test_requests_and_replies_that_are_only_counted_keep_their_order() -> None:
    pairing = Pairing()
    pairing.count(b"+OK\r\n", is_request=False)  # Nobody asked.
    for raw in (SET, GET, request("SUBSCRIBE", "a", "b"), request("JSON.GET", "a")):
        pairing.count(raw, is_request=True)
    pairing.count(b"+OK\r\n", is_request=False)
    assert answered(pairing, b"_\r\n") == ["GET"]
    pairing.count(SUBSCRIBED, is_request=False)
    assert answered(pairing, MESSAGE, SUBSCRIBED, b"_\r\n", b"_\r\n") == ["-", "SUBSCRIBE", "JSON.GET", "-"]


def test_of_a_large_frame_only_the_head_counts() -> None:
    pairing = Pairing()
    asked = pairing.take(Piece(SET, Part.HEAD), is_request=True, opaque="")
    assert asked is not None
    assert (asked.name, asked.replies, asked.ids, asked.replace) == (("SET", "a"), 1, (), None)
    assert (asked.close, asked.drop, asked.special) == (False, False, False)
    for part in (Part.BODY, Part.LAST):
        assert pairing.take(Piece(GET, part), is_request=True, opaque="") is None
        assert pairing.take(Piece(b"_\r\n", part), is_request=False, opaque="") is None
    assert pairing.take(Piece(b"+OK\r\n", Part.WHOLE), is_request=False, opaque="") is asked
    assert pairing.take(Piece(b"+OK\r\n", Part.WHOLE), is_request=False, opaque="") is None


def instead(raw: bytes) -> Asked:
    asked = Asked(raw, name)
    asked.replace = b"-ERR\r\n"
    return asked


def test_it_knows_how_many_replies_are_not_simply_handed_on() -> None:
    pairing = Pairing()
    first, second = instead(GET), instead(SET)
    pairing.instead(first)
    pairing.request(GET)
    pairing.instead(second)
    seen = [pairing.special]
    for wanted in (first, None, second):
        asked = pairing.reply(b"_\r\n")
        assert asked is wanted or (wanted is None and asked is not None and not asked.special)
        seen.append(pairing.special)
    assert seen == [2, 1, 1, 0]


def test_it_gives_up_once_and_forgets_what_was_asked() -> None:
    pairing = Pairing()
    assert pairing.gave_up == ""
    pairing.instead(instead(GET))
    assert pairing.take(Piece(b"?", Part.OPAQUE), is_request=False, opaque="unknown type '?'") is None
    pairing.give_up("another reason")
    assert (pairing.gave_up, pairing.special) == ("unknown type '?'", 0)
    assert pairing.take(Piece(GET, Part.WHOLE), is_request=True, opaque="") is None
    pairing.count(GET, is_request=True)
    assert pairing.reply(b"_\r\n") is None


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
    "raw",
    [
        request("MONITOR"),
        request("SYNC"),
        request("psync", "?", "-1"),
        request("CLIENT", "REPLY", "OFF"),
        request("client", "reply", "skip"),
        b"monitor\r\n",
        b" Client  Reply OFF\r\n",
    ],
)
def test_some_commands_leave_no_order(raw: bytes) -> None:
    pairing = Pairing()
    pairing.count(raw, is_request=True)
    assert pairing.gave_up == f"{words(raw, 1)[0].decode().upper()} leaves no order of replies"
    assert answered(pairing, b"+OK\r\n") == ["-"]


def test_other_words_of_client_are_ordinary() -> None:
    pairing = Pairing()
    pairing.count(request("CLIENT", "SETINFO", "LIB-NAME", "x"), is_request=True)
    assert answered(pairing, b"+OK\r\n") == ["CLIENT"]
