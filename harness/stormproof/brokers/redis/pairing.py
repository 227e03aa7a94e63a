"""Pairs the replies on a connection with their requests: the protocol has no numbers, only an order. Pure."""

from __future__ import annotations

import re
from collections import deque

from stormproof.brokers.redis.shape import name
from stormproof.wire.codec import Asked, Part, Piece

_COMMAND = re.compile(rb"\*(\d+)\r\n\$\d+\r\n([A-Za-z]+)\r\n")
_SUBSCRIPTION = re.compile(rb"[*>]\d+\r\n\$\d+\r\n([ps]?(?:un)?subscribe|[ps]?message)\r\n", re.IGNORECASE)
_SUBSCRIBING = frozenset({b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE"})
_UNPAIRED = frozenset({b"MONITOR", b"SYNC", b"PSYNC"})
_REPLY_OFF = re.compile(rb"\*3\r\n\$6\r\nCLIENT\r\n\$5\r\nREPLY\r\n|\s*CLIENT\s+REPLY\b", re.IGNORECASE)
_SPECIAL = re.compile(
    rb"(?!\*)|\*[0-]|\*\d+\r\n\$\d+\r\n(?i:P?SUBSCRIBE|SSUBSCRIBE|[PS]?UNSUBSCRIBE|MONITOR|P?SYNC|CLIENT)\r\n"
)
"""Requests that may not have exactly one reply: inline ones (which may be empty), empty ones, and these commands."""
_PUSH = ord(">")


class RedisPairing:
    """The requests of one connection that have no answer yet. `gave_up` explains why replies cannot be paired; "" if
    they can.

    `special`: how many of them are special.
    """

    def __init__(self) -> None:
        self._asked: deque[Asked | bytes] = deque()  # As bytes, until more of them is needed.
        self._subscribed = False
        self.special = 0
        self.gave_up = ""

    def request(self, raw: bytes) -> Asked | None:
        """Record a request that Redis receives; None if it owes no reply, or if the reply cannot be determined."""
        match = _COMMAND.match(raw)
        command = match[2].upper() if match else (raw.split(None, 1) or [b""])[0].upper()
        if self.gave_up or not command or (not match and raw[:2] in (b"*0", b"*-")):
            return None
        if command in _UNPAIRED or (command == b"CLIENT" and _REPLY_OFF.match(raw)):
            self.give_up(f"{command.decode()} leaves no order of replies")
            return None
        asked = Asked(raw, name)
        if command in _SUBSCRIBING:
            self._subscribed = True
            asked.replies = max((int(match[1]) if match else len(raw.split())) - 1, 1)
        self._asked.append(asked)
        return asked

    def instead(self, asked: Asked) -> None:
        """Record that Redis receives another request in place of this one."""
        self.special += 1
        self._asked.append(asked)

    def reply(self, raw: bytes) -> Asked | None:
        """The request that this reply of Redis answers; None if no request asked for it."""
        word = b""
        if self._subscribed or raw[:1] == b">":
            match = _SUBSCRIPTION.match(raw)
            word = match[1].lower() if match else b""
            if word.endswith(b"message") or (raw[:1] == b">" and not word):
                return None
            if word.endswith(b"unsubscribe") and raw.endswith(b":0\r\n"):
                self._subscribed = False
        if not self._asked:
            return None
        asked = self._asked[0]
        if isinstance(asked, bytes):
            asked = self._asked[0] = Asked(asked, name)
        if word.endswith(b"unsubscribe") and asked.name[0].encode() not in _SUBSCRIBING:
            return None  # UNSUBSCRIBE of all channels is answered once for each of them.
        asked.replies -= 1
        if asked.replies <= 0:
            self._asked.popleft()
            self.special -= asked.special
        return asked

    def count(self, raw: bytes, *, is_request: bool) -> None:
        """Like `request` and `reply` for a whole frame, without a closer look where none is needed."""
        if self.gave_up:
            return
        if is_request:
            if _SPECIAL.match(raw):
                self.request(raw)
            else:
                self._asked.append(raw)
        elif self._subscribed or raw[0] == _PUSH or not self._asked or not isinstance(self._asked[0], bytes):
            self.reply(raw)
        else:
            self._asked.popleft()

    def take(self, piece: Piece, *, is_request: bool, opaque: str) -> Asked | None:
        """Like `request` and `reply`, for any piece. `opaque` is the parser's reason for a piece that it does not
        understand.
        """
        if piece.part is Part.OPAQUE:
            self.give_up(opaque)
        if self.gave_up or piece.part not in (Part.WHOLE, Part.HEAD):
            return None
        return self.request(piece.raw) if is_request else self.reply(piece.raw)

    def give_up(self, why: str) -> None:
        """Stop pairing: from here on, replies cannot be matched to requests."""
        self.gave_up = self.gave_up or why
        self._asked.clear()
        self.special = 0
