"""What may be done with a frame and its connection: the words in which a fault tells the link what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

Side = Literal["component", "server"]
"""The two ends of a connection."""

How = Literal["fin", "reset"]
"""How a connection ends: in order, or abruptly."""


class _Deed(msgspec.Struct, frozen=True):
    pass


class Pass(_Deed, frozen=True):
    """The frame goes on as it is."""


class Write(_Deed, frozen=True):
    """These bytes go on in the frame's place, or part of them."""

    data: bytes


class Wait(_Deed, frozen=True):
    """What follows on this way of the connection waits for so many seconds after the frame came; until the heal, where it is None.

    `in_turn`: so many after the last such wait on this way, if that ends later than the frame came.
    """

    seconds: float | None
    in_turn: bool = False


class Close(_Deed, frozen=True):
    """The connection ends, on one side or on both; what it still held goes nowhere."""

    how: How
    side: Side | None = None


class Swallow(_Deed, frozen=True):
    """From now on all that comes from this side (both, where None) goes nowhere, and nobody is told."""

    origin: Side | None = None


class Answer(_Deed, frozen=True):
    """The request is not executed: the server is given one that does nothing, and its reply is replaced by these bytes.

    `close`: the connection ends after it.
    """

    reply: bytes
    close: bool = False


class Repeat(_Deed, frozen=True):
    """The request goes on a second time, and the reply to that goes nowhere."""


class Ask(_Deed, frozen=True):
    """Everything on this way waits until the harness has struck (a process, a server) and says whether the frame goes on."""


Action = Pass | Write | Wait | Close | Swallow | Answer | Repeat | Ask
