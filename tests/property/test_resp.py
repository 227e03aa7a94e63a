"""The parser keeps every byte, and finds the same frames under any chunking; two other parsers agree."""

from __future__ import annotations

import contextlib

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis._parsers.resp2 import _RESP2Parser
from redis.exceptions import ResponseError
from stormproof.brokers.redis.resp import HEAD_LIMIT, Part, Piece, RespParser, request, words
from streams import chunks, replies, requests, resp2_values, values


def fed(parts: list[bytes], *, is_request: bool) -> tuple[list[Piece], RespParser]:
    parser = RespParser(requests=is_request)
    return [piece for part in parts for piece in parser.feed(part)], parser


def joined(pieces: list[Piece]) -> bytes:
    return b"".join(piece.raw for piece in pieces)


def frames(pieces: list[Piece]) -> list[bytes]:
    found: list[bytes] = []
    for piece in pieces:
        if piece.part in (Part.WHOLE, Part.HEAD):
            found.append(piece.raw)
        else:
            found[-1] += piece.raw
    return found


@given(st.data(), st.booleans())
def test_the_frames_are_those_that_were_written_under_any_chunking(data: st.DataObject, is_request: bool) -> None:
    written = data.draw(requests if is_request else replies)
    pieces, parser = fed(data.draw(chunks(b"".join(written))), is_request=is_request)
    assert frames(pieces) == written
    assert parser.unfinished == 0
    assert parser.opaque == ""


@given(st.data(), st.booleans())
def test_an_unfinished_frame_is_kept_or_handed_on_but_never_lost(data: st.DataObject, is_request: bool) -> None:
    stream = b"".join(data.draw(requests if is_request else replies))
    cut = data.draw(st.integers(0, len(stream)))
    pieces, parser = fed(data.draw(chunks(stream[:cut])), is_request=is_request)
    kept = parser.unfinished
    assert kept <= HEAD_LIMIT
    assert joined(pieces) == stream[: cut - kept]
    assert joined(pieces + parser.feed(stream[cut:])) == stream if cut < len(stream) else True


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=6), st.booleans())
def test_rubbish_passes_byte_for_byte(parts: list[bytes], is_request: bool) -> None:
    pieces, parser = fed(parts, is_request=is_request)
    stream = b"".join(parts)
    assert joined(pieces) == stream[: len(stream) - parser.unfinished]
    assert parser.opaque or all(piece.part is not Part.OPAQUE for piece in pieces)


@given(values | st.sampled_from([request("SET", "a", "b"), request("PING")]), st.booleans())
def test_the_quick_look_never_says_more_than_the_parser(frame: bytes, is_request: bool) -> None:
    parser = RespParser(requests=is_request)
    if parser.is_one_frame(frame):
        assert RespParser(requests=is_request).feed(frame) == [Piece(frame, Part.WHOLE)] or len(frame) > HEAD_LIMIT
    assert not parser.is_one_frame(frame + b"+")


def test_the_quick_look_knows_the_common_frames() -> None:
    assert RespParser(requests=True).is_one_frame(request("SET", "key", b"x" * 800))
    assert RespParser(requests=False).is_one_frame(b"+OK\r\n")
    busy = RespParser(requests=False)
    busy.feed(b"$5\r\nab")
    assert not busy.is_one_frame(b"+OK\r\n")


@given(st.lists(resp2_values, max_size=8))
def test_hiredis_reads_as_many_values_as_there_are_frames_and_ends_them_where_we_do(written: list[bytes]) -> None:
    reader = hiredis.Reader()
    for frame in frames(fed([b"".join(written)], is_request=False)[0]):
        reader.feed(frame[:-1])
        assert reader.gets() is False
        reader.feed(frame[-1:])
        assert reader.gets() is not False
        assert not reader.has_data()


class _Buffer:
    """What redis-py's parser reads from: a buffer in place of its socket's."""

    def __init__(self, data: bytes) -> None:
        self.data, self.pos = data, 0

    def readline(self, **_: object) -> bytes:
        end = self.data.index(b"\r\n", self.pos)
        line, self.pos = self.data[self.pos : end], end + 2
        return line

    def read(self, length: int, **_: object) -> bytes:
        data, self.pos = self.data[self.pos : self.pos + length], self.pos + length + 2
        return data


@given(st.lists(resp2_values, max_size=6))
def test_redis_pys_parser_ends_each_value_where_ours_does(written: list[bytes]) -> None:
    pieces, _ = fed([b"".join(written)], is_request=False)
    parser = _RESP2Parser(65536)
    buffer = _Buffer(b"".join(written))
    parser._buffer = buffer
    end = 0
    for frame in frames(pieces):
        with contextlib.suppress(ResponseError):
            parser._read_response(disable_decoding=True)
        end += len(frame)
        assert buffer.pos == end


def test_a_large_frame_comes_in_parts_and_little_of_it_is_kept() -> None:
    parser = RespParser(requests=True)
    head = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n" % (10 * HEAD_LIMIT)
    parts = [part for _ in range(10) for part in parser.feed(b"x" * HEAD_LIMIT)] if parser.feed(head) == [] else []
    assert parser.unfinished == 0
    assert [piece.part for piece in (*parts, *parser.feed(b"\r\n"))] == [Part.HEAD, *[Part.BODY] * 9, Part.LAST]
    assert words(parts[0].raw, most=2) == [b"SET", b"a"]


@pytest.mark.parametrize(("raw", "said"), [(b"?what\r\n", "unknown type '?'"), (b"$x\r\n", "invalid literal")])
def test_what_is_not_understood_is_said(raw: bytes, said: str) -> None:
    _, parser = fed([raw], is_request=False)
    assert said in parser.opaque
    assert parser.feed(b"+OK\r\n") == [Piece(b"+OK\r\n", Part.OPAQUE)]
