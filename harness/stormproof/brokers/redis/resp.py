"""The Redis protocol, RESP2 and RESP3, as pieces that keep their bytes: pure, no I/O.

The pieces of a stream, joined, are the stream, however the bytes were split into chunks. Source:
https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

from collections.abc import Iterator

from stormproof.wire.codec import Part, Piece

HEAD_LIMIT = 32 * 1024
"""Bytes. A longer frame is forwarded in parts, and only this much of it is examined."""

_BULK, _MINUS = b"$-"
_ARRAY, _SET, _PUSH, _MAP, _ATTRIBUTE = b"*~>%|"
_AGGREGATES = {_ARRAY: 1, _SET: 1, _PUSH: 1, _MAP: 2, _ATTRIBUTE: 2}
_BULKS = frozenset(b"$=!")
_LINES = frozenset(b"+-:_#,(")
_NEWLINE = b"\r\n"


class NotUnderstoodError(Exception):
    """The bytes are not RESP."""


class RespParser:
    """`feed` it bytes and take the pieces that they complete. `requests`: the stream is a client's, whose commands may
    be inline.

    `opaque` explains in one line why it gave up; "" if it did not.
    """

    def __init__(self, *, requests: bool) -> None:
        self._requests = requests
        self._buffer = b""
        self._scanned = 0  # How much of the buffer has been scanned.
        self._need = 0  # Elements that the frame still lacks; 0 between frames.
        self._skip = 0  # Bytes that the current bulk string still lacks, including its line end.
        self._large = False  # The head of the current frame has been handed out.
        self.opaque = ""

    @property
    def unfinished(self) -> int:
        """How many bytes it keeps that no piece has held yet."""
        return len(self._buffer)

    def rest(self) -> bytes:
        """The bytes that no piece has held, once the stream has ended. The parser no longer keeps them."""
        rest, self._buffer = self._buffer, b""
        return rest

    def is_one_frame(self, data: bytes) -> bool:
        """Whether these bytes, after all that came before, are exactly one frame of the common kinds: a quick check
        that changes nothing. If so, they need not be fed.
        """
        if self._buffer or self._large or self.opaque:
            return False
        end = data.find(_NEWLINE)
        if not self._requests:
            return data[0] in _LINES and 0 < end == len(data) - 2
        if data[0] != _ARRAY or end < 0 or data[1] == _MINUS:
            return False
        pos = end + 2
        try:
            for _ in range(int(data[1:end])):
                end = data.find(_NEWLINE, pos)
                if end < 0 or data[pos] != _BULK:
                    return False
                pos = end + 4 + int(data[pos + 1 : end])
        except ValueError:
            return False  # `feed` reports what is wrong.
        return pos == len(data)

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces that these bytes complete."""
        if self.opaque:
            return [Piece(data, Part.OPAQUE)]
        buffer = self._buffer + data if self._buffer else data
        pieces: list[Piece] = []
        start, pos = 0, self._scanned
        try:
            while pos < len(buffer) and (end := self._frame_end(buffer, pos)):
                pieces.append(Piece(buffer[start:end], Part.LAST if self._large else Part.WHOLE))
                self._large = False
                start = pos = end
        except (NotUnderstoodError, ValueError) as error:
            self.opaque = str(error)
            self._buffer = b""
            return [*pieces, Piece(buffer[start:], Part.OPAQUE)]
        pos = self._scanned if self._need else pos
        if self._large or len(buffer) - start > HEAD_LIMIT:
            self._hand_out(buffer, start, pos, pieces)
        else:
            self._buffer, self._scanned = buffer[start:], pos - start
        return pieces

    def _hand_out(self, buffer: bytes, start: int, pos: int, pieces: list[Piece]) -> None:
        """Hand out the scanned part of a frame that is too large to keep."""
        if pos > start:
            pieces.append(Piece(buffer[start:pos], Part.BODY if self._large else Part.HEAD))
            self._large = True
        self._buffer, self._scanned = buffer[pos:], 0
        if len(self._buffer) > HEAD_LIMIT:
            self.opaque = "a line without an end"
            pieces.append(Piece(self._buffer, Part.OPAQUE))
            self._buffer = b""

    def _frame_end(self, data: bytes, pos: int) -> int:
        """Where the frame at or around `pos` ends, or 0 if it is incomplete; the progress is kept for the next call."""
        need, skip, size = self._need, self._skip, len(data)
        if not need:
            if self._requests and data[pos] != _ARRAY:
                return data.find(b"\n", pos) + 1
            need = 1
        while True:
            if skip:
                if size - pos < skip:
                    self._need, self._skip, self._scanned = need, skip - (size - pos), size
                    return 0
                pos += skip
                skip = 0
                need -= 1
            if not need:
                break
            end = data.find(_NEWLINE, pos)
            if end < 0:
                self._need, self._skip, self._scanned = need, 0, pos
                return 0
            kind = data[pos]
            if kind in _BULKS:
                length = int(data[pos + 1 : end])
                skip = length + 2 if length >= 0 else 0
                need -= length < 0
            elif kind in _AGGREGATES:
                need += _AGGREGATES[kind] * max(int(data[pos + 1 : end]), 0) - (kind != _ATTRIBUTE)
            elif kind in _LINES and not self._requests:
                need -= 1
            else:
                raise NotUnderstoodError(f"unknown type {chr(kind)!r}")
            pos = end + 2
        self._need = self._skip = self._scanned = 0
        return pos


def words(raw: bytes, most: int = 4) -> list[bytes]:
    """The first words of a request: an array of bulk strings, or an inline command. If `raw` is only the head of a
    request, the words in it.
    """
    if raw[:1] != b"*":
        return raw.split()[:most]
    return list(_bulks(raw, most))


def _bulks(raw: bytes, most: int) -> Iterator[bytes]:
    pos = raw.find(_NEWLINE) + 2
    for _ in range(most):
        end = raw.find(_NEWLINE, pos)
        if end < 0 or raw[pos : pos + 1] != b"$":
            return
        length = int(raw[pos + 1 : end])
        yield raw[end + 2 : end + 2 + length]
        pos = end + 4 + length


def request(*parts: bytes | str) -> bytes:
    """A request in RESP."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in encoded)
