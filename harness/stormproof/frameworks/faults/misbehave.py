"""Make one task do what a bug in it would do: hang, return what cannot be stored, raise what cannot be rebuilt, or die."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from stormproof.history import Probe
from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.system import System

Deed = Literal["hold", "hang", "return_unserialisable", "raise_unrebuildable", "exit"]


class Misbehave(Fault, frozen=True, kw_only=True, tag="misbehave"):
    """The probe in the worker runs this instead of (for `hold` and `hang`: before) the task at `place`; `place` None:
    all tasks.

    If no key reaches the tasks' arguments, tasks cannot be matched to submissions. Then another task stands in for the
    one at `place`: the one that starts at that position in the order of starts. The other faults of the storm use the
    same task.

    Healed by withdrawing the order; held tasks continue, one that hangs never does.
    """

    component: str = "worker"
    do: Deed
    place: int | None = None

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        todo: tuple[Deed, ...] = ("hold", "return_unserialisable", "raise_unrebuildable", "exit")
        return [cls(component=name, do=do) for name in system.in_storms("worker") for do in todo]

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        key = "" if self.place is None else target.key(self.place)
        release = target.release_file(f"{self.do}-{key or 'all'}")
        do, until = ("hold", f"{release}-never") if self.do == "hang" else (self.do, str(release))
        order = {"key": key, "do": do, "until": until}
        submissions = target.picture.submissions
        turn: Path | None = None

        def chosen() -> str:
            return turn.read_text() if turn is not None and turn.exists() else ""

        if self.place is not None and not submissions.keys_reach_tasks:
            nth = sum(not submissions.starts_of(target.key(place)) for place in range(self.place))
            turns = target.release_file(f"{self.do}-{key}-turn")
            turn = turns.with_name(f"{turns.name}-{nth}")
            order |= {"key": "", "nth": str(nth), "turns": str(turns)}
            submissions.stand_ins[key] = chosen
        target.orders.give(order)
        since = target.recorder.now()

        def is_meant(start: Probe) -> bool:
            return start.key.startswith(key) if turn is None else start.task_id == chosen()

        async def evidence() -> str:
            starts = [start for start in submissions.starts if start.t >= since and is_meant(start)]
            return f"{self.do} in process {starts[-1].pid}" if starts else ""

        try:
            yield evidence
        finally:
            release.touch()
            target.orders.take_back(order)
            if not chosen():
                submissions.stand_ins.pop(key, None)
