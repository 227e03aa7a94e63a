"""What every fault is: a value that can be injected, proves that it took effect, and is healed. Also the interface
through which a fault sees the system.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar, Protocol

import msgspec

from stormproof.history import WireDirection
from stormproof.history.recorder import Picture, Recorder
from stormproof.spec.system import System

Evidence = Callable[[], Awaitable[str]]
"""Checks whether a fault has taken effect: returns a sentence that proves it, or "" if there is no proof yet."""


class Child(Protocol):
    """A process below one of the system's processes."""

    @property
    def pid(self) -> int: ...


class Victim(Protocol):
    """A process of the system, or a server that the harness runs for it."""

    @property
    def pid(self) -> int: ...

    @property
    def alive(self) -> bool: ...

    @property
    def code(self) -> int | None:
        """Its exit code; None while it is alive."""

    def signal(self, number: int) -> None:
        """Signal the process alone."""

    def signal_tree(self, number: int) -> None:
        """Signal it and all processes below it."""

    def descendants(self) -> Sequence[Child]: ...

    async def exited(self) -> Any:
        """Return when it is gone."""


class Target(Protocol):
    """The running system, as faults see it. A name means a component, all components of a role, one copy of a
    component, or a server (`redis.broker`).
    """

    @property
    def system(self) -> System: ...

    @property
    def recorder(self) -> Recorder: ...

    @property
    def picture(self) -> Picture: ...

    @property
    def framework(self) -> Any:
        """The framework, for use by its own faults."""

    @property
    def messages(self) -> Any:
        """Where the framework's messages are, for use by its own faults."""

    @property
    def effects(self) -> Any:
        """The source of effects, for use by its own faults."""

    @property
    def orders(self) -> Any:
        """The orders that the framework's probes obey, for use by its own faults."""

    def key(self, place: int) -> str:
        """The key of the submission at this place of the workload."""

    def accepted(self, place: int) -> str:
        """The id that the system gave to the submission at this place; "" if it has not given one yet."""

    def struck(self, target: str) -> Sequence[Victim]:
        """The running processes of this name. Raises DescriptionError if the system has nothing of this name."""

    def servers(self, target: str) -> Sequence[Any]:
        """The servers of this name. Raises DescriptionError if there are none."""

    def expect_exit(self, target: str) -> None:
        """Announce that these processes are about to be ended on purpose."""

    def kill_child(self, target: str, pid: int) -> None:
        """SIGKILL one process below a component. Does nothing if the process is not, or no longer, below it."""

    async def start_again(self, target: str, *, lose_data: bool = False) -> None:
        """Start what has exited, unless a supervisor has done so. With `lose_data`, a server comes back with an empty
        disk.
        """

    def release_file(self, name: str) -> Path:
        """The file that tasks under a `hold` order wait for."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    """Something that is injected, proves that it took effect, and is healed. Each fault has its own file, in the folder
    `faults` of the part that it strikes.
    """

    on_the_wire: ClassVar[bool] = False
    """Whether links carry it out, frame by frame, so that a trigger decides when it strikes."""

    @property
    def name(self) -> str:
        """Its name in the history and the reports; stable."""
        return str(type(self).__struct_config__.tag)

    @property
    def target(self) -> str:
        """The component it strikes."""
        return str(getattr(self, "component", ""))

    swept_s: ClassVar[float] = 0.0
    """How long a sweep leaves it in force at a point, in seconds."""

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        """The faults of this kind that a sweep plays at each fault point, by their names in the ids of the sweep's
        cells. If one strikes a process, it strikes that of the point.
        """
        return {}

    def can_be_at(self, direction: WireDirection, command: str) -> bool:
        """Whether it can strike at such a frame."""
        return True

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        """The faults of this kind that a user can inject into such a system at any time, each a button. Faults that
        need a particular task are left out.
        """
        return ()

    def why_not(self, system: System) -> str:
        """Why it cannot strike such a system (which may not have its target); "" if it can."""
        return system.lacks(self.target)

    def strike(self, target: Target) -> AbstractAsyncContextManager[Evidence]:
        """Inject on entry, yield the evidence, heal on exit (always)."""
        raise NotImplementedError
