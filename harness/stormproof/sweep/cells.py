"""The cells of a sweep: each fault point with each fault that is possible there. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import msgspec

from stormproof.errors import UsageError
from stormproof.spec.fault import Fault
from stormproof.spec.faults import kinds
from stormproof.spec.scenario import Injection
from stormproof.sweep.points import Point

USUAL = "kill reset delay black_hole garble loading readonly oom noauth busy masterdown".split()
"""What a sweep injects by default, in this order."""


@cache
def all_faults() -> dict[str, Fault]:
    """Name in a cell's id -> the fault, the default ones first. At a request, the server does not have it yet; at a reply, it has executed it."""
    known = {name: fault for kind in kinds() for name, fault in kind.swept().items()}
    return {name: known[name] for name in (*USUAL, *sorted(known.keys() - set(USUAL))) if name in known}


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One fault at one point; with `then`, a second fault at a point of the recovery from the first."""

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
        """Return the cell with this id. Raises UsageError."""
        head, _, second = text.partition(">")
        if second:
            return msgspec.structs.replace(cls.parse(head), then=cls.parse(second))
        point, _, fault = text.rpartition("/")
        if fault not in all_faults():
            raise UsageError(
                f"{text!r} names no fault; ids look like worker:HSET(unacked):request:1/kill; faults: {', '.join(all_faults())}"
            )
        return cls(point=Point.parse(point), fault=fault)

    def injection(self, broker: str, place: int | None = None) -> Injection | None:
        """Return the injection; None if this fault is impossible at this point. With `place`, only that task's frames count."""
        fault, point = all_faults()[self.fault], self.point
        if not fault.can_be_at(point.direction, point.command):
            return None
        if not fault.on_the_wire:
            fault = msgspec.structs.replace(fault, component=point.component)
        return Injection(fault=fault, when=point.trigger(broker, place), for_s=fault.swept_s)


def cells(points: Sequence[Point], faults: Iterable[str], broker: str) -> list[Cell]:
    """Return all cells, fault by fault, so a lane seldom has to wait for the same slow fault many times in a row."""
    found = [Cell(point=point, fault=fault) for fault in faults for point in points]
    return [cell for cell in found if cell.injection(broker) is not None]


def second_cells(first: Cell, points: Sequence[Point], faults: Iterable[str], broker: str) -> list[Cell]:
    """Return all cells with a second fault at one of these points of the first one's recovery."""
    return [msgspec.structs.replace(first, then=second) for second in cells(points, faults, broker)]
