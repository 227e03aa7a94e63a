"""The parser, piece for piece: which bytes are in which, what is kept, and what it says where it gives up."""

from __future__ import annotations

import pytest
from stormproof.brokers.redis.resp import HEAD_LIMIT, Part, Piece, RespParser, request, words

GET = request("GET", "a")
HEAD = b"$%d\r\n" % (2 * HEAD_LIMIT)


def whole(*frames: bytes) -> list[Piece]:
    return [Piece(frame, Part.WHOLE) for frame in frames]


def fed(parser: RespParser, *parts: bytes) -> list[list[Piece]]:
    return [parser.feed(part) for part in parts]


def at_its_start(parser: RespParser) -> bool:
    """Whether nothing of what it has read is left."""
    return (parser._buffer, parser._scanned, parser._need, parser._skip, parser._large) == (b"", 0, 0, 0, False)


REPLIES = [
    b"+OK\r\n",
    b"-ERR no\r\n",
    b":7\r\n",
    b"_\r\n",
    b"#t\r\n",
    b",1.5\r\n",
    b"(12345678901234567890\r\n",
    b"$0\r\n\r\n",
    b"$-1\r\n",
    b"$2\r\n\r\n\r\n",
    b"=7\r\ntxt:a\r\n\r\n",
    b"!5\r\nERR x\r\n",
    b"*0\r\n",
    b"*-1\r\n",
    b"*2\r\n$-1\r\n$0\r\n\r\n",
    b"*2\r\n*0\r\n:1\r\n",
    b"*3\r\n$1\r\na\r\n:1\r\n*1\r\n+b\r\n",
    b"~1\r\n:1\r\n",
    b">2\r\n+a\r\n:1\r\n",
    b"%1\r\n+a\r\n*1\r\n:1\r\n",
    b"%0\r\n",
    b"|1\r\n+a\r\n:1\r\n:2\r\n",
]


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_of_any_type_is_one_piece_however_it_comes(reply: bytes) -> None:
    for cut in range(1, len(reply)):
        parser = RespParser(requests=False)
        assert fed(parser, reply[:cut]) == [[]]
        assert (parser.unfinished, parser.is_one_frame(b"+OK\r\n")) == (cut, False)
        assert fed(parser, reply[cut:] + b"+OK\r\n") == [whole(reply, b"+OK\r\n")]
        assert at_its_start(parser)
    one_by_one = RespParser(requests=False)
    pieces = [piece for at in range(len(reply)) for piece in one_by_one.feed(reply[at : at + 1])]
    assert pieces == whole(reply)


@pytest.mark.parametrize("first", [GET, b"PING\r\n", b"PING a\n", b"\r\n", b"\n", b"*0\r\n"])
@pytest.mark.parametrize("second", [GET, b"ECHO b\r\n"])
def test_a_request_may_be_an_array_or_a_line(first: bytes, second: bytes) -> None:
    stream = first + second
    for cut in range(len(stream)):
        parser = RespParser(requests=True)
        pieces = parser.feed(stream[:cut]) if cut else []
        assert parser.unfinished == (cut - len(first) if cut >= len(first) else cut)
        assert [*pieces, *parser.feed(stream[cut:])] == whole(first, second)
        assert at_its_start(parser)


@pytest.mark.parametrize(
    ("requests", "raw", "said"),
    [
        (False, b"?a\r\n", "unknown type '?'"),
        (False, b"\r\n", "unknown type '\\r'"),
        (True, b"*1\r\n:1\r\n", "unknown type ':'"),
        (True, b"*1\r\n\r\n", "unknown type '\\r'"),
        (False, b"$x\r\n", "invalid literal for int() with base 10: b'x'"),
        (False, b"*\r\n", "invalid literal for int() with base 10: b''"),
    ],
)
def test_it_gives_up_at_the_frame_that_it_does_not_understand(requests: bool, raw: bytes, said: str) -> None:
    good = GET if requests else b"+OK\r\n"
    parser = RespParser(requests=requests)
    assert parser.opaque == ""
    assert fed(parser, good + raw[:1], raw[1:] + good, good) == [
        whole(good),
        [Piece(raw + good, Part.OPAQUE)],
        [Piece(good, Part.OPAQUE)],
    ]
    assert parser.opaque == said
    assert (parser.unfinished, parser.rest()) == (0, b"")
    assert not parser.is_one_frame(good)


def test_what_was_kept_at_the_end_is_given_away_once() -> None:
    parser = RespParser(requests=True)
    assert parser.feed(GET + GET[:7]) == whole(GET)
    assert (parser.unfinished, parser.rest(), parser.unfinished, parser.rest()) == (7, GET[:7], 0, b"")


# The quick look


@pytest.mark.parametrize("raw", [GET, request("PING"), request("SET", "a", b"\r\n"), request("SET", "", b"x" * 999)])
def test_one_whole_request_is_seen_at_a_glance(raw: bytes) -> None:
    parser = RespParser(requests=True)
    assert parser.is_one_frame(raw)
    assert not any(parser.is_one_frame(raw[:cut]) for cut in range(1, len(raw)))
    assert not parser.is_one_frame(raw + b"*")
    assert not parser.is_one_frame(raw + raw)
    assert at_its_start(parser)


@pytest.mark.parametrize(
    "raw",
    [
        b"PING\r\n",
        b"\r\n",
        b"\n",
        b"*-1\r\n",
        b"*2\r\n$4\r\nECHO\r\n:1\r\n",
        b"*1\r\n:3\r\nabc\r\n",
        b"$3\r\nabc\r\n",
        b"P-\r\n",
        b"*x\r\n",
        b"*\r\n",
        b"*1\r\n$x\r\n",
        b"*1\r\n$\r\n",
        b"*1\r\n",
    ],
)
def test_of_other_requests_the_glance_says_nothing(raw: bytes) -> None:
    assert not RespParser(requests=True).is_one_frame(raw)


@pytest.mark.parametrize("raw", REPLIES)
def test_of_replies_only_those_of_one_line_are_seen_at_a_glance(raw: bytes) -> None:
    parser = RespParser(requests=False)
    assert parser.is_one_frame(raw) is (raw[:1] in (b"+", b"-", b":", b"_", b"#", b",", b"("))
    assert not any(parser.is_one_frame(raw[:cut]) for cut in range(1, len(raw)))
    assert not parser.is_one_frame(raw + b":1\r\n")


# Large frames


def test_up_to_the_limit_a_frame_is_kept_and_beyond_it_is_handed_out() -> None:
    head = b"$%d\r\n" % HEAD_LIMIT
    at_limit = RespParser(requests=False)
    kept = head + b"x" * (HEAD_LIMIT - len(head))
    assert fed(at_limit, b"+OK\r\n" + kept) == [whole(b"+OK\r\n")]
    assert at_limit.unfinished == HEAD_LIMIT
    beyond = RespParser(requests=False)
    assert fed(beyond, b"+OK\r\n" + kept + b"x") == [[*whole(b"+OK\r\n"), Piece(kept + b"x", Part.HEAD)]]
    assert not beyond.is_one_frame(b"+OK\r\n")


def test_a_large_frame_comes_in_parts_with_exact_borders() -> None:
    parser = RespParser(requests=False)
    start = b"*2\r\n" + HEAD + b"x" * (2 * HEAD_LIMIT)
    assert fed(parser, start, b"\r", b"\n", b"$", b"1\r", b"\na\r\n+OK\r\n", b"+OK\r\n") == [
        [Piece(start, Part.HEAD)],
        [Piece(b"\r", Part.BODY)],
        [Piece(b"\n", Part.BODY)],
        [],
        [],
        [Piece(b"$1\r\na\r\n", Part.LAST), *whole(b"+OK\r\n")],
        whole(b"+OK\r\n"),
    ]
    assert at_its_start(parser)


def test_a_large_frame_that_is_cut_within_a_line_keeps_that_line() -> None:
    parser = RespParser(requests=True)
    start = b"*2\r\n" + HEAD + b"x" * (2 * HEAD_LIMIT) + b"\r\n"
    assert fed(parser, start + b"$", b"1\r\na\r\n" + GET) == [
        [Piece(start, Part.HEAD)],
        [Piece(b"$1\r\na\r\n", Part.LAST), *whole(GET)],
    ]


@pytest.mark.parametrize("requests", [True, False])
def test_a_line_that_never_ends_is_kept_up_to_the_limit_and_then_not_understood(requests: bool) -> None:
    parser = RespParser(requests=requests)
    line = b"+" + b"x" * (HEAD_LIMIT - 1)
    assert fed(parser, line, b"y", b"\r\n") == [
        [],
        [Piece(line + b"y", Part.OPAQUE)],
        [Piece(b"\r\n", Part.OPAQUE)],
    ]
    assert parser.opaque == "a line without an end"
    assert (parser.unfinished, parser.rest()) == (0, b"")


def test_a_line_without_an_end_within_a_large_frame_is_kept_up_to_the_limit() -> None:
    parser = RespParser(requests=False)
    start = b"*2\r\n" + HEAD + b"x" * (2 * HEAD_LIMIT) + b"\r\n"
    line = b"+" + b"x" * (HEAD_LIMIT - 1)
    assert fed(parser, start + line, b"y") == [[Piece(start, Part.HEAD)], [Piece(line + b"y", Part.OPAQUE)]]


# Words


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (request("EVAL", "return 1", "1", "k", "arg"), [b"EVAL", b"return 1", b"1", b"k"]),
        (b"  set a  b c d\r\n", [b"set", b"a", b"b", b"c"]),
        (b"\r\n", []),
        (b"*0\r\n", []),
        (b"*2\r\n$3\r\nGET\r\n:1\r\n", [b"GET"]),
        (b"*2\r\n$3\r\nGET\r\n$1", [b"GET"]),
        (b"*2\r\n$3\r\nSET\r\n$9\r\nabc", [b"SET", b"abc"]),
        (b"*2\r\n", []),
        (b"*", []),
    ],
)
def test_the_first_four_words_of_a_request_are_its_words(raw: bytes, wanted: list[bytes]) -> None:
    assert words(raw) == wanted
    assert words(raw, 1) == wanted[:1]


def test_a_request_is_written_with_the_length_of_each_word_in_bytes() -> None:
    assert request("SET", b"a", "ä") == b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\xc3\xa4\r\n"
    assert request() == b"*0\r\n"
