"""What a link asks of a protocol: to cut bytes into frames, to pair replies with requests, to name frames, to say no, and what a frame means.

A link forwards what it is given and knows no protocol. Each broker has a `WireCodec` in its own folder; `brokers/redis/codec.py` is one, and
`stormproof.testing` holds it to what stands here.
What a frame does to a message is for the framework to say, which decides where in the broker its messages are: it gives a `Reader`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple, Protocol

from stormproof.history import Meaning


class Part(enum.Enum):
    """Which part of a frame a piece is; `OPAQUE` is what the parser does not understand: all that follows is opaque, too."""

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
    """A request that the server was given and has not answered. `replies`: how many it still owes. `ids`, `meaning`: those of the request.

    `replace`: what the component is told instead of the server's reply; `close`: the connection ends then; `drop`: it is told nothing.
    `name_of` gives command and key of a request.
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
        """Command and key; looked for when somebody asks."""
        if self._name is None:
            self._name = self._name_of(self.raw)
        return self._name

    @property
    def special(self) -> bool:
        """Whether its reply is not simply handed on."""
        return self.drop or self.replace is not None


class Parser(Protocol):
    """Cuts one direction of one connection into pieces. The pieces, joined, are the stream, under any chunking."""

    opaque: str
    """Why it gave up, in one line; "" where it did not."""

    @property
    def unfinished(self) -> int:
        """How many bytes it keeps that no piece has held yet."""

    def rest(self) -> bytes:
        """The bytes that no piece has held, because the stream has ended: they are given away."""

    def is_one_frame(self, data: bytes) -> bool:
        """Whether these bytes, after all that came before, are exactly one frame: a quick look that changes nothing."""

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces that are complete with these bytes."""


class Pairing(Protocol):
    """The requests of one connection that have no answer yet.

    `gave_up` says why replies cannot be paired, where they cannot. `special`: how many of the requests are.
    """

    gave_up: str
    special: int

    def request(self, raw: bytes) -> Asked | None:
        """The server is given a request; None where it owes no reply, or where nobody can tell which."""

    def instead(self, asked: Asked) -> None:
        """The server is given another request in this one's place."""

    def count(self, raw: bytes, *, is_request: bool) -> None:
        """Take a whole frame into account that nobody looks at."""

    def take(self, piece: Piece, *, is_request: bool, opaque: str) -> Asked | None:
        """Take any piece into account; of a reply, the request that it answers. `opaque`: what the parser says of a piece that it does not
        understand.
        """


class Reader(Protocol):
    """Reads what the frames of one connection do to messages, in their order."""

    def request(self, command: str, key: str, raw: bytes, ids: tuple[str, ...]) -> Meaning:
        """What a request means."""

    def reply(self, asked: Meaning, raw: bytes) -> Meaning:
        """What the reply to a request of that meaning means."""


class WireCodec(Protocol):
    """One protocol. It holds no state of a connection."""

    def parser(self, *, requests: bool) -> Parser:
        """For one direction of a new connection: that of the requests, or that of the replies."""

    def pairing(self) -> Pairing:
        """For a new connection."""

    def name(self, raw: bytes) -> tuple[str, str]:
        """Command and shape of the key of a request: names that are the same from run to run."""

    def ids(self, raw: bytes) -> tuple[str, ...]:
        """The task ids, delivery tags and submission keys in a frame, each once, in their order."""

    def waits(self, command: str) -> bool:
        """Whether the server answers such a request only when there is something to say, or its time is over."""

    def is_empty(self, raw: bytes) -> bool:
        """Whether a reply to a request that waits holds nothing."""

    def refuse(self, raw: bytes, reply: bytes) -> tuple[Asked, bytes]:
        """Say no: what the server is given in a request's place, so that it keeps its order and does nothing; and the request, with what the
        component is told.
        """


class Unread:
    """The reader where nobody knows what frames mean."""

    def request(self, command: str, key: str, raw: bytes, ids: tuple[str, ...]) -> Meaning:
        """Nothing is known."""
        return "other"

    def reply(self, asked: Meaning, raw: bytes) -> Meaning:
        """Nothing is known."""
        return "other"
