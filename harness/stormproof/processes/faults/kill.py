"""Kill processes, as the kernel's OOM killer, a node that dies, or an operator's `kill -9` does."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from stormproof.processes.launcher import is_running
from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.system import System


class Kill(Fault, frozen=True, kw_only=True, tag="kill"):
    """SIGKILL. `how`: the whole `tree`, only the `parent`, or only one pool `child` (the one that runs the task at
    `place`, else the first). Healed by starting what has exited, unless a supervisor has done so; `lose_data`: a server
    comes back with an empty disk.
    """

    component: str
    how: Literal["tree", "parent", "child"] = "tree"
    place: int | None = None
    lose_data: bool = False

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {"kill": cls(component="")}

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        workers, servers = system.in_storms("worker"), system.server_names
        return [
            *(cls(component=name) for name in (*workers, *system.in_storms("api"), *servers)),
            *(cls(component=name, how="child") for name in workers),
            *(cls(component=name, lose_data=True) for name in servers),
        ]

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        victims = self._victims(target)
        if self.how != "child":
            target.expect_exit(self.component)
        for running in target.struck(self.component):
            if self.how == "tree":
                running.signal_tree(signal.SIGKILL)
            elif self.how == "parent":
                running.signal(signal.SIGKILL)
            if self.how != "child":
                await running.exited()
        if self.how == "child":
            for pid in victims:
                target.kill_child(self.component, pid)

        async def evidence() -> str:
            gone = bool(victims) and not any(is_running(pid) for pid in victims)
            return f"{', '.join(map(str, victims))} is gone" if gone else ""

        try:
            yield evidence
        finally:
            await target.start_again(self.component, lose_data=self.lose_data)

    def _victims(self, target: Target) -> list[int]:
        running = [process for process in target.struck(self.component) if process.alive]
        parents = [process.pid for process in running]
        children = [child.pid for process in running for child in process.descendants()]
        if self.how == "parent":
            return parents
        if self.how == "tree":
            return parents + children
        if self.place is not None:
            start = target.picture.submissions.start(target.key(self.place))
            return [start.pid] if start else []
        return children[:1]
