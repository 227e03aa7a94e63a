"""When a fault meets the wire: which frames, which occurrence of them, and how often. Values only."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import msgspec

from stormproof.history import Meaning, WireDirection

LOOK_BYTES = 8 * 1024
"""How far into a frame its ids and its payload are looked for."""


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frame at the moment when it passes a link: what a trigger looks at and a fault meets.

    `component` and `store` are the two ends: `worker` and `broker`. `raw`: its bytes, of a large one the head. `nil`: a reply that holds nothing.
    `ids`: its own, and of a reply those of its request. `meaning`: what it does to a message. `waits`: the server answers when there is
    something to say.
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
    """Frames on the wire. `component` and `store` (a server of the description) say on which links; `command` and `key` (its shape, ids replaced
    by `*`) are patterns as of a shell. `place`: frames that speak of that submission's task. `payload`: a regular expression on the frame.

    The `nth` of them is met, and those after it, `times` in all (0: as many as come while the fault lasts), each with `probability`.
    """

    component: str = "*"
    store: str = "*"
    direction: WireDirection = "request"
    command: str = "*"
    key: str = "*"
    place: int | None = None
    payload: str = ""
    nth: int = 1
    times: int = 1
    probability: float = 1.0

    def fits(self, moment: Moment) -> bool:
        """Whether a frame is of the kind that is meant; how many came before does not count here."""
        return (
            moment.direction == self.direction
            and not moment.nil
            and fnmatchcase(moment.command, self.command)
            and (self.key == "*" or _key_fits(moment.key, self.key))
            and (not self.payload or re.search(self.payload.encode(), moment.raw[:LOOK_BYTES]) is not None)
        )


def _key_fits(key: str, pattern: str) -> bool:
    # A shape may itself hold a `*`, for an id; written in a pattern, it means both.
    return key == pattern or fnmatchcase(key, pattern)


def sends(component: str, command: str = "*", *, key: str = "*", store: str = "*", place: int | None = None,
          payload: str = "", nth: int = 1, times: int = 1, probability: float = 1.0) -> Trigger:  # fmt: skip
    """When a component sends such a request. `sends("worker", "HSET", key="unacked")`."""
    return Trigger(component=component, direction="request", command=command, key=key, store=store, place=place,
                   payload=payload, nth=nth, times=times, probability=probability)  # fmt: skip


def receives(component: str, command: str = "*", *, key: str = "*", store: str = "*", place: int | None = None,
             payload: str = "", nth: int = 1, times: int = 1, probability: float = 1.0) -> Trigger:  # fmt: skip
    """When the reply to such a request of a component comes back. `receives("worker", "BRPOP", key="celery")`."""
    return Trigger(component=component, direction="reply", command=command, key=key, store=store, place=place,
                   payload=payload, nth=nth, times=times, probability=probability)  # fmt: skip
