"""The actions that a fault can ask a link to take on a frame and its connection."""

from __future__ import annotations

from typing import Literal

import msgspec

Side = Literal["component", "server"]
"""The two ends of a connection."""

How = Literal["fin", "reset"]
"""How a connection ends: in an orderly way, or abruptly."""


class _Base(msgspec.Struct, frozen=True):
    pass


class Pass(_Base, frozen=True):
    """Forward the frame unchanged."""


class Write(_Base, frozen=True):
    """Forward these bytes in place of the frame, or of a part of it."""

    data: bytes


class Wait(_Base, frozen=True):
    """Hold what follows in this direction of the connection until this many seconds after the frame arrived; None:
    until the heal.

    `in_turn`: count from the end of the last such wait in this direction, if that is later than the frame's arrival.
    """

    seconds: float | None
    in_turn: bool = False


class Close(_Base, frozen=True):
    """End the connection on one side or on both; what it still held is dropped."""

    how: How
    side: Side | None = None


class Swallow(_Base, frozen=True):
    """From now on, drop everything that comes from this side (None: from both), without a sign to either side."""

    origin: Side | None = None


class Answer(_Base, frozen=True):
    """Do not execute the request: send the server one that does nothing, and replace its reply by these bytes.

    `close`: the connection ends after it.
    """

    reply: bytes
    close: bool = False


class Repeat(_Base, frozen=True):
    """Send the request a second time, and drop the second reply."""


class Ask(_Base, frozen=True):
    """Hold everything in this direction until the harness has struck (a process, a server) and decides whether the
    frame goes on.
    """


Action = Pass | Write | Wait | Close | Swallow | Answer | Repeat | Ask
