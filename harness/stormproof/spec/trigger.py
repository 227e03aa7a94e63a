"""When a fault meets the wire: which frames, which occurrence of them, and how often. Values only."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import msgspec

from stormproof.history import Meaning, WireDirection

LOOK_BYTES = 8 * 1024
"""How many bytes of a frame are searched for ids and payload."""


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frame as it passes a link: a trigger inspects it and a fault meets it.

    `component` and `store` are the two ends: `worker` and `broker`. `raw`: its bytes; only the head of a large one.
    `nil`: an empty reply. `ids`: its own, and for a reply also those of its request. `meaning`: its effect on a
    message. `waits`: the server answers only when it has something to send.
    """

    link: str
    component: str
    store: str
    connection: int
    direction: WireDirection
    command: str
    key: str
    raw: bytes
    whole: bool = True
    nil: bool = False
    ids: tuple[str, ...] = ()
    meaning: Meaning = "other"
    waits: bool = False

    def __str__(self) -> str:
        return f"{self.link}:{self.command}{f'({self.key})' if self.key else ''}:{self.direction}"


class Trigger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Selects frames on the wire.

    `component` and `store` (a server of the description) select the links. `meaning` is the frame's effect on a
    message, whichever command causes it. `command` and `key` (its shape, with ids replaced by `*`) are shell patterns.
    `place`: frames that name the task of that submission. `payload`: a regular expression on the frame.

    The `nth` frame is met, and those after it, `times` in all (0: every one while the fault lasts), each with
    `probability`.
    """

    component: str = "*"
    store: str = "*"
    direction: WireDirection = "request"
    meaning: Meaning | None = None
    command: str = "*"
    key: str = "*"
    place: int | None = None
    payload: str = ""
    nth: int = 1
    times: int = 1
    probability: float = 1.0

    @property
    def frame(self) -> str:
        """The frame that it waits for, in words: a command with its key, or a meaning."""
        what = self.meaning if self.meaning and self.command == "*" else self.command
        return f"{what}({self.key})" if self.key != "*" else what

    def fits(self, moment: Moment) -> bool:
        """Whether a frame is of the selected kind, regardless of how many came before it."""
        return (
            moment.direction == self.direction
            and not moment.nil
            and self.meaning in (None, moment.meaning)
            and fnmatchcase(moment.command, self.command)
            and (self.key == "*" or _key_fits(moment.key, self.key))
            and (not self.payload or re.search(self.payload.encode(), moment.raw[:LOOK_BYTES]) is not None)
        )


def _key_fits(key: str, pattern: str) -> bool:
    # A shape may itself hold a `*`, for an id. In a pattern, `*` matches both.
    return key == pattern or fnmatchcase(key, pattern)


def sends(component: str, command: str = "*", *, meaning: Meaning | None = None, key: str = "*", store: str = "*",
          place: int | None = None, payload: str = "", nth: int = 1, times: int = 1,
          probability: float = 1.0) -> Trigger:  # fmt: skip
    """Select such a request from a component.

    `sends("worker", meaning="hold")`, or by its command: `sends("worker", "HSET", key="unacked")`.
    """
    return Trigger(component=component, direction="request", command=command, meaning=meaning, key=key, store=store,
                   place=place, payload=payload, nth=nth, times=times, probability=probability)  # fmt: skip


def receives(component: str, command: str = "*", *, meaning: Meaning | None = None, key: str = "*", store: str = "*",
             place: int | None = None, payload: str = "", nth: int = 1, times: int = 1,
             probability: float = 1.0) -> Trigger:  # fmt: skip
    """Select the reply to such a request of a component: `receives("worker", meaning="deliver")`."""
    return Trigger(component=component, direction="reply", command=command, meaning=meaning, key=key, store=store,
                   place=place, payload=payload, nth=nth, times=times, probability=probability)  # fmt: skip
