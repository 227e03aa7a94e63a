"""The cells of a sweep: each fault point with each fault that can be at it. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from stormproof.brokers.redis.faults import ErrorReply
from stormproof.brokers.redis.faults.error_reply import ErrorCode, can_get
from stormproof.errors import UsageError
from stormproof.processes.faults import Kill
from stormproof.spec.scenario import Injection
from stormproof.sweep.points import Point
from stormproof.wire.faults import BlackHole, Delay, Duplicate, Garble, HalfClose, Reset, Truncate

DELAY_S = 3.0
"""Longer than any socket timeout that people set for a Redis beside them."""

Make = Callable[[Point, str], Injection | None]
"""The injection of a fault at a point (and the broker's name), or None where the fault cannot be there."""


def _kill(point: Point, broker: str) -> Injection:
    return Injection(fault=Kill(component=point.component), when=point.trigger(broker))


def _reset(point: Point, broker: str) -> Injection:
    return Injection(fault=Reset(), when=point.trigger(broker))


def _half_close(point: Point, broker: str) -> Injection:
    return Injection(fault=HalfClose(), when=point.trigger(broker))


def _delay(point: Point, broker: str) -> Injection:
    return Injection(fault=Delay(delay_ms=None), when=point.trigger(broker), for_s=DELAY_S)


def _black_hole(point: Point, broker: str) -> Injection:
    return Injection(fault=BlackHole(new=False), when=point.trigger(broker))


def _garble(point: Point, broker: str) -> Injection | None:
    return Injection(fault=Garble(), when=point.trigger(broker)) if point.direction == "reply" else None


def _truncate(point: Point, broker: str) -> Injection | None:
    return Injection(fault=Truncate(), when=point.trigger(broker)) if point.direction == "reply" else None


def _duplicate(point: Point, broker: str) -> Injection | None:
    return Injection(fault=Duplicate(), when=point.trigger(broker)) if point.direction == "request" else None


def _error(error: ErrorCode) -> Make:
    def make(point: Point, broker: str) -> Injection | None:
        if point.direction != "request" or not can_get(point.command, error):
            return None
        return Injection(fault=ErrorReply(error=error), when=point.trigger(broker))

    return make


FAULTS: dict[str, Make] = {
    "kill": _kill,
    "reset": _reset,
    "delay": _delay,
    "black_hole": _black_hole,
    "garble": _garble,
    "loading": _error("LOADING"),
    "readonly": _error("READONLY"),
    "oom": _error("OOM"),
    "noauth": _error("NOAUTH"),
    "busy": _error("BUSY"),
    "masterdown": _error("MASTERDOWN"),
    "half_close": _half_close,
    "truncate": _truncate,
    "duplicate": _duplicate,
}
"""Name in a cell's id -> the fault. At a request: before Redis has it; at a reply: Redis has executed it.

A new fault of the wire takes its place in a sweep by one function here.
"""

USUAL = tuple(FAULTS)[: tuple(FAULTS).index("half_close")]
"""What a sweep injects unless it is told otherwise."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One fault at one point; with `then`, a second one during the recovery from it, at a point of that."""

    point: Point
    fault: str
    then: Cell | None = None

    @property
    def id(self) -> str:
        """`worker:HSET(unacked):request:1/kill`; with a second fault, `...:1/kill>worker:BRPOP(celery):reply:1/reset`."""
        first = f"{self.point.name}/{self.fault}"
        return f"{first}>{self.then.id}" if self.then else first

    @classmethod
    def parse(cls, text: str) -> Cell:
        """The cell of that id. Raises UsageError."""
        head, _, second = text.partition(">")
        if second:
            return msgspec.structs.replace(cls.parse(head), then=cls.parse(second))
        point, _, fault = text.rpartition("/")
        if fault not in FAULTS:
            raise UsageError(
                f"{text!r} names no fault; ids look like worker:HSET(unacked):request:1/kill; faults: {', '.join(FAULTS)}"
            )
        return cls(point=Point.parse(point), fault=fault)

    def injection(self, broker: str, place: int | None = None) -> Injection | None:
        """What is injected; None where this fault cannot be at this point. With `place`, only that task's frames count."""
        made = FAULTS[self.fault](self.point, broker)
        return made and msgspec.structs.replace(made, when=self.point.trigger(broker, place))


def cells(points: Sequence[Point], faults: Iterable[str], broker: str) -> list[Cell]:
    """All cells, fault by fault: so a lane has seldom to wait for the same slow fault many times in a row."""
    found = [Cell(point=point, fault=fault) for fault in faults for point in points]
    return [cell for cell in found if cell.injection(broker) is not None]


def second_cells(first: Cell, points: Sequence[Point], faults: Iterable[str], broker: str) -> list[Cell]:
    """All cells with a second fault at one of these points of the first one's recovery."""
    return [msgspec.structs.replace(first, then=second) for second in cells(points, faults, broker)]
