"""Fault points: the named moments of a task's life on the wire, the same from run to run. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import takewhile
from statistics import median
from typing import Literal

import msgspec

from stormproof.errors import UsageError
from stormproof.history import AnyEvent, Fault, Phase, Wire
from stormproof.spec.trigger import Trigger

Direction = Literal["request", "reply"]

_NAME = re.compile(
    r"(?P<link>[^:()]+):(?P<command>[^:()]+)(?:\((?P<key>.*)\))?:(?P<direction>request|reply):(?P<nth>\d+)"
)


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A moment: the `nth` frame of this kind on this link within the life of one task.

    `link` is the component, with a suffix such as `.results` for a server that is not the broker.
    """

    link: str
    command: str
    key: str
    direction: Direction
    nth: int

    @property
    def name(self) -> str:
        """`worker:HSET(unacked):request:1`."""
        return f"{self.link}:{self.command}{f'({self.key})' if self.key else ''}:{self.direction}:{self.nth}"

    @property
    def component(self) -> str:
        """The component that the link belongs to."""
        return self.link.partition(".")[0]

    @classmethod
    def parse(cls, text: str) -> Point:
        """Return the point with this name. Raises UsageError."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise UsageError(f"{text!r} names no fault point; they look like worker:HSET(unacked):request:1")
        found = match.groupdict(default="")
        return msgspec.convert({**found, "nth": int(found["nth"])}, cls)

    def trigger(self, broker: str, place: int | None = None) -> Trigger:
        """Return the trigger for this point. It counts from when it is armed and, with `place`, only that task's frames."""
        return Trigger(
            component=self.component,
            store=self.link.partition(".")[2] or broker,
            direction=self.direction,
            command=self.command,
            key=self.key or "*",
            nth=self.nth,
            place=place,
        )


def life(frames: Iterable[Wire], components: Iterable[str]) -> list[Point]:
    """Return the points of one task's life, in order, from all frames between its submission and its end.

    Blocking requests are not fault points; their replies are.
    """
    wanted, count, points = set(components), Counter[tuple[str, str, str, str]](), []
    for frame in frames:
        if frame.direction == "push" or frame.component not in wanted or frame.waits:
            continue
        kind = (frame.link, frame.command, frame.key, frame.direction)
        count[kind] += 1
        points.append(Point(link=kind[0], command=kind[1], key=kind[2], direction=frame.direction, nth=count[kind]))
    return points


def recovery(slice_: Iterable[AnyEvent], names: AbstractSet[str]) -> tuple[Point, ...]:
    """Return the points of a task's recovery: the frames after the fault's bite that name the task, counted among themselves.

    `names`: the key of the task's submission and its ids. The recovery is over when the harness reads the result at the end.
    """
    events = list(takewhile(lambda event: not (isinstance(event, Phase) and event.name == "read"), slice_))
    bites = [event.t for event in events if isinstance(event, Fault) and event.stage == "bit"]
    after = (event for event in events if isinstance(event, Wire) and bites and event.t > min(bites))
    frames = [frame for frame in after if frame.fate == "passed" and not names.isdisjoint(frame.ids)]
    return tuple(life(frames, {frame.component for frame in frames}))


def stable(lives: Sequence[Sequence[Point]]) -> tuple[Point, ...]:
    """Return the points that most lives have, in the order of those lives.

    Frames that a timer sent meanwhile are in few lives. Frames that the component sometimes sends together with the next
    one (events, for example) are missing in few.
    """
    count = Counter(point for one in lives for point in set(one))
    often = {point for point, times in count.items() if times > len(lives) / 2}
    seen = dict.fromkeys(point for one in reversed(lives) for point in one if point in often)
    return tuple(sorted(seen, key=lambda point: _usual_place(point, lives)))


def _usual_place(point: Point, lives: Sequence[Sequence[Point]]) -> float:
    return median(one.index(point) / len(one) for one in lives if point in one)
