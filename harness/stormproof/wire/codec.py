"""The interface of a protocol: cut bytes into frames, pair replies with requests, name frames, refuse requests, and
interpret frames.

A link forwards the bytes that it receives and knows no protocol. Each broker has a `WireCodec` in its own folder.
`brokers/redis/codec.py` is one, and `stormproof.testing` checks it against this interface. The framework decides where
in the broker its messages are, so it also interprets what a frame does to a message: it provides a `Reader`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple, Protocol

from stormproof.history import Meaning


class Part(enum.Enum):
    """Which part of a frame a piece is. `OPAQUE` is what the parser does not understand; everything after it is opaque,
    too.
    """

    WHOLE = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()
    LAST = enum.auto()
    OPAQUE = enum.auto()


class Piece(NamedTuple):
    """Bytes of the stream, and which part of a frame they are."""

    raw: bytes
    part: Part


class Asked:
    """A request that the server was sent and has not answered. `replies`: how many it still owes. `ids`, `meaning`:
    those of the request.

    `replace`: what the component receives in place of the server's reply; `close`: the connection ends then; `drop`: it
    receives nothing. `name_of` returns command and key of a request.
    """

    __slots__ = ("_name", "_name_of", "close", "drop", "ids", "meaning", "raw", "replace", "replies")

    def __init__(self, raw: bytes, name_of: Callable[[bytes], tuple[str, str]]) -> None:
        self.raw, self.replies = raw, 1
        self._name_of = name_of
        self._name: tuple[str, str] | None = None
        self.ids: tuple[str, ...] = ()
        self.meaning: Meaning = "other"
        self.replace: bytes | None = None
        self.close = self.drop = False

    @property
    def name(self) -> tuple[str, str]:
        """Command and key, computed on first use."""
        if self._name is None:
            self._name = self._name_of(self.raw)
        return self._name

    @property
    def special(self) -> bool:
        """Whether its reply is not simply forwarded."""
        return self.drop or self.replace is not None


class Parser(Protocol):
    """Cuts one direction of one connection into pieces. The pieces, joined, are the stream, however the bytes were
    split into chunks.
    """

    opaque: str
    """Why it gave up, in one line; "" if it did not."""

    @property
    def unfinished(self) -> int:
        """How many bytes it keeps that no piece has held yet."""

    def rest(self) -> bytes:
        """The bytes that no piece has held, once the stream has ended. The parser no longer keeps them."""

    def is_one_frame(self, data: bytes) -> bool:
        """Whether these bytes, after all that came before, are exactly one frame: a quick check that changes nothing."""

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces that these bytes complete."""


class Pairing(Protocol):
    """The requests of one connection that have no answer yet.

    `gave_up` explains why replies cannot be paired; "" if they can. `special`: how many of the requests are special.
    """

    gave_up: str
    special: int

    def request(self, raw: bytes) -> Asked | None:
        """Record a request that the server receives; None if it owes no reply, or if the reply cannot be determined."""

    def instead(self, asked: Asked) -> None:
        """Record that the server receives another request in place of this one."""

    def count(self, raw: bytes, *, is_request: bool) -> None:
        """Record a whole frame that needs no closer look."""

    def take(self, piece: Piece, *, is_request: bool, opaque: str) -> Asked | None:
        """Record any piece; for a reply, return the request that it answers. `opaque`: the parser's reason for a piece
        that it does not understand.
        """


class Reader(Protocol):
    """Interprets what the frames of one connection do to messages, in order."""

    def request(self, command: str, key: str, raw: bytes, ids: tuple[str, ...]) -> Meaning:
        """The meaning of a request."""

    def reply(self, asked: Meaning, raw: bytes) -> Meaning:
        """The meaning of the reply to a request of meaning `asked`."""


class WireCodec(Protocol):
    """One protocol. It holds no state of a connection."""

    def parser(self, *, requests: bool) -> Parser:
        """A parser for one direction of a new connection: the requests, or the replies."""

    def pairing(self) -> Pairing:
        """A pairing for a new connection."""

    def name(self, raw: bytes) -> tuple[str, str]:
        """Command and shape of the key of a request: names that are the same from run to run."""

    def ids(self, raw: bytes) -> tuple[str, ...]:
        """The task ids, delivery tags and submission keys in a frame, each once, in order."""

    def waits(self, command: str) -> bool:
        """Whether the server answers such a request only when it has something to send, or when a timeout has passed."""

    def is_empty(self, raw: bytes) -> bool:
        """Whether a reply to a request that waits holds nothing."""

    def refuse(self, raw: bytes, reply: bytes) -> tuple[Asked, bytes]:
        """Refuse a request with `reply`.

        Return the request, with what the component receives for it, and the bytes that the server receives in its
        place: a request that does nothing, so that replies keep their order.
        """


class Unread:
    """The reader for frames whose meaning is unknown."""

    def request(self, command: str, key: str, raw: bytes, ids: tuple[str, ...]) -> Meaning:
        """Nothing is known."""
        return "other"

    def reply(self, asked: Meaning, raw: bytes) -> Meaning:
        """Nothing is known."""
        return "other"
