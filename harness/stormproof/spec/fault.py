"""What every fault is: a value that can be injected, proves that it bit, and is healed; and what it sees of the system that it strikes."""

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
"""Asks whether a fault has bitten: a sentence that proves it, or "" while there is no proof."""


class Child(Protocol):
    """A process below one of the system's."""

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
        """Its exit code; None while it lives."""

    def signal(self, number: int) -> None:
        """Signal the process alone."""

    def signal_tree(self, number: int) -> None:
        """Signal it and all that runs below it."""

    def descendants(self) -> Sequence[Child]: ...

    async def exited(self) -> Any:
        """Return when it is gone."""


class Target(Protocol):
    """The running system, as faults see it. A name means a component, all that have a role, one copy of it, or a server (`redis.broker`)."""

    @property
    def system(self) -> System: ...

    @property
    def recorder(self) -> Recorder: ...

    @property
    def picture(self) -> Picture: ...

    @property
    def framework(self) -> Any:
        """The framework, for its faults."""

    @property
    def messages(self) -> Any:
        """Where the framework's messages are, for its faults."""

    @property
    def effects(self) -> Any:
        """The source of effects, for its own faults."""

    @property
    def orders(self) -> Any:
        """The orders that the framework's probes obey, for its own faults."""

    def key(self, place: int) -> str:
        """The key of the submission at this place of the workload."""

    def accepted(self, place: int) -> str:
        """The id that the system gave to the submission at this place; "" while it has given none."""

    def struck(self, target: str) -> Sequence[Victim]:
        """The running processes of this name. Raises DescriptionError where the system has no such thing."""

    def servers(self, target: str) -> Sequence[Any]:
        """The servers of this name. Raises DescriptionError where there is none."""

    def expect_exit(self, target: str) -> None:
        """Say that these processes are about to be ended."""

    def kill_child(self, target: str, pid: int) -> None:
        """SIGKILL one process below a component. Does nothing where the process is not below it (any more)."""

    async def start_again(self, target: str, *, lose_data: bool = False) -> None:
        """Start what is gone, unless a supervisor has done so; with `lose_data`, a server comes back with an empty disk."""

    def release_file(self, name: str) -> Path:
        """The file for which tasks under a `hold` order wait."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    """Something that is injected, proves that it bit, and is healed. One file each, in the `faults` of the part that it strikes."""

    on_the_wire: ClassVar[bool] = False
    """Whether links carry it out, frame by frame, so that a trigger decides when it strikes."""

    @property
    def name(self) -> str:
        """How the history and the reports call it; stable."""
        return str(type(self).__struct_config__.tag)

    @property
    def target(self) -> str:
        """The component it strikes."""
        return str(getattr(self, "component", ""))

    swept_s: ClassVar[float] = 0.0
    """For how long a sweep leaves it in force at a point."""

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        """What a sweep plays of this kind at each fault point, by the names in the ids of its cells. A process that it strikes is that of
        the point.
        """
        return {}

    def can_be_at(self, direction: WireDirection, command: str) -> bool:
        """Whether it can strike at such a frame."""
        return True

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        """What a person can strike such a system with at any time, each a button; none of what only makes sense for a certain task."""
        return ()

    def why_not(self, system: System) -> str:
        """Why it cannot strike such a system, which may not have its target; "" where it can."""
        return system.lacks(self.target)

    def strike(self, target: Target) -> AbstractAsyncContextManager[Evidence]:
        """Inject on entry, hand out the evidence, heal on exit (which always happens)."""
        raise NotImplementedError
