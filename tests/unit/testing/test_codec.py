"""The kit for codecs: Redis' own passes, and each planted mistake is named."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.brokers.redis.pairing import RedisPairing
from stormproof.brokers.redis.resp import HEAD_LIMIT, RespParser, request
from stormproof.testing import check_codec
from stormproof.wire.codec import Asked, Part, Piece

KEY = "storm-00ab-0001"
BIG = b"x" * (HEAD_LIMIT + 10)
CONVERSATION = [
    (request("SET", "a", KEY), b"+OK\r\n"),
    (request("GET", "a"), b"$3\r\nabc\r\n"),
    (request("GET", "b"), b"$-1\r\n"),
    (request("MULTI"), b"+OK\r\n"),
    (request("LPUSH", "celery", "\r\n$3\r\n"), b"+QUEUED\r\n"),
    (request("EXEC"), b"*2\r\n:1\r\n*0\r\n"),
    (b"PING\r\n", b"+PONG\r\n"),
    (request("HGETALL", "h"), b"%1\r\n+a\r\n:1\r\n"),
]
LARGE = [
    *CONVERSATION[:2],
    (request("SET", "big", BIG), b"+OK\r\n"),
    (request("GET", "big"), b"$%d\r\n%s\r\n" % (len(BIG), BIG)),
]
SUBSCRIBED = [
    (request("PING"), b"+PONG\r\n"),
    (request("SUBSCRIBE", "a", "b"), b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"),
    (b"", b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"),
    (request("UNSUBSCRIBE", "a"), b"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n"),
]  # fmt: skip


def check(codec: RedisCodec, conversation: Sequence[tuple[bytes, bytes]] = CONVERSATION) -> None:
    check_codec(codec, conversation, refusal=b"-ERR no\r\n", served=b"-ERR unknown command\r\n")


@pytest.mark.parametrize("conversation", [CONVERSATION, LARGE, SUBSCRIBED], ids=["short", "large", "subscribed"])
def test_the_codec_of_redis_is_one(conversation: Sequence[tuple[bytes, bytes]]) -> None:
    check(RedisCodec(), conversation)


def test_a_protocol_that_begins_with_a_greeting_is_played_with_it() -> None:
    class Parser(RespParser):
        greeted = False

        def is_one_frame(self, data: bytes) -> bool:
            return self.greeted and super().is_one_frame(data)

        def feed(self, data: bytes) -> list[Piece]:
            pieces = super().feed(data)
            if pieces and not self.greeted:
                self.opaque = "" if b"HELLO" in pieces[0].raw else "no greeting"
                self.greeted = True
            if not self.opaque or not pieces:
                return pieces
            return [Piece(b"".join(piece.raw for piece in pieces) + self.rest(), Part.OPAQUE)]

    class Greets(RedisCodec):
        def parser(self, *, requests: bool) -> RespParser:
            return Parser(requests=True) if requests else RespParser(requests=False)

    words = {"refusal": b"-ERR no\r\n", "served": b"-ERR unknown command\r\n"}
    check_codec(Greets(), CONVERSATION, greeting=[(request("HELLO", "3"), b"%1\r\n+proto\r\n:3\r\n")], **words)
    with pytest.raises(AssertionError, match="does not understand its own protocol: no greeting"):
        check_codec(Greets(), CONVERSATION, **words)


class Careless(RedisCodec):
    """A codec whose parser, pairing or words are wrong."""

    Parser: type[RespParser] = RespParser
    Pairing: type[RedisPairing] = RedisPairing

    def parser(self, *, requests: bool) -> RespParser:
        return self.Parser(requests=requests)

    def pairing(self) -> RedisPairing:
        return self.Pairing()


class LosesAByte(Careless):
    class Parser(RespParser):
        def feed(self, data: bytes) -> list[Piece]:
            return super().feed(data[:-1] if data.endswith(b"\r") else data)


class LosesTheRest(Careless):
    class Parser(RespParser):
        def rest(self) -> bytes:
            return super().rest()[1:]


class LooksAtTheChunkAlone(Careless):
    class Parser(RespParser):
        def is_one_frame(self, data: bytes) -> bool:
            return RespParser(requests=self._requests).is_one_frame(data)


class RaisesAtAnEnd(Careless):
    class Parser(RespParser):
        def feed(self, data: bytes) -> list[Piece]:
            if data == b"*":
                raise IndexError("no second byte")
            return super().feed(data)


class SwallowsWhatIsForeign(Careless):
    class Parser(RespParser):
        def feed(self, data: bytes) -> list[Piece]:
            return [piece for piece in super().feed(data) if piece.part is not Part.OPAQUE]


class LastAskedFirstAnswered(Careless):
    class Pairing(RedisPairing):
        def reply(self, raw: bytes) -> Asked | None:
            self._asked.rotate(1)
            return super().reply(raw)


class ForgetsWhatIsCounted(Careless):
    class Pairing(RedisPairing):
        def count(self, raw: bytes, *, is_request: bool) -> None:
            if not is_request:
                super().count(raw, is_request=is_request)


class RefusesWithNothing(Careless):
    def refuse(self, raw: bytes, reply: bytes) -> tuple[Asked, bytes]:
        return super().refuse(raw, reply)[0], b""


class RefusesWithTwo(Careless):
    def refuse(self, raw: bytes, reply: bytes) -> tuple[Asked, bytes]:
        asked, instead = super().refuse(raw, reply)
        return asked, instead * 2


class RefusesWithSilence(Careless):
    def refuse(self, raw: bytes, reply: bytes) -> tuple[Asked, bytes]:
        asked, instead = super().refuse(raw, reply)
        asked.replace = None
        return asked, instead


class AnswersASubscription(Careless):
    """The server is given what it answers twice."""

    def refuse(self, raw: bytes, reply: bytes) -> tuple[Asked, bytes]:
        return super().refuse(raw, reply)[0], request("SUBSCRIBE", "a", "b")


class NamesByTheClock(Careless):
    calls = 0

    def name(self, raw: bytes) -> tuple[str, str]:
        self.calls += 1
        return "GET", str(self.calls)


@pytest.mark.parametrize(
    ("codec", "sentence"),
    [
        (LosesAByte(), r"^requests cut at byte \d.*: of the first \d+ bytes \d+ are in pieces and \d+ unfinished$"),
        (LosesTheRest(), r"^requests that end at byte 1: pieces and rest are not the stream"),
        (LooksAtTheChunkAlone(), r"^re\w+ cut at byte .*: is_one_frame is true in the middle of a frame, at byte \d+$"),
        (RaisesAtAnEnd(), r"^the codec raises IndexError: no second byte$"),
        (SwallowsWhatIsForeign(), r"^a link \(nothing armed\) changes|^a link \(watched\) changes bytes that are not the protocol"),
        (LastAskedFirstAnswered(), r"^the reply of pair 0 is paired with the request \('HGETALL', 'h'\), and not with \('SET', 'a'\)$"),
        (ForgetsWhatIsCounted(), r"^the reply of pair \d is paired with no request"),
        (RefusesWithNothing(), r"^refuse of \('SET', 'a'\) gives the server what is not one whole request: b''$"),
        (RefusesWithTwo(), r"^refuse of \('SET', 'a'\) gives the server what is not one whole request"),
        (RefusesWithSilence(), r"^refuse of \('SET', 'a'\) gives the component no reply"),
        (AnswersASubscription(), r"answers 2 times, and not 1: the order of replies is lost$"),
        (NamesByTheClock(), r"is not the same each time$"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, RedisCodec) else "",
)  # fmt: skip
def test_a_codec_with_a_mistake_is_told_which(codec: RedisCodec, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check(codec)


def test_a_conversation_that_shows_nothing_is_refused() -> None:
    with pytest.raises(AssertionError, match="two different names"):
        check(RedisCodec(), [CONVERSATION[0]] * 3)
