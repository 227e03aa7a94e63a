"""A scenario: a workload, faults on a schedule, the states of a worker in which to try them. Values only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from stormproof.workload import Workload

if TYPE_CHECKING:
    from stormproof.world import World

Evidence = Callable[[], Awaitable[str]]
"""Asks whether a fault has bitten: a sentence that proves it, or "" while there is no proof."""


class State(StrEnum):
    """What a worker is doing when the storm begins. Known failures show in some of these and in no other."""

    IDLE = "idle"
    RUNNING_EARLY = "running_early"
    RUNNING_LATE = "running_late"
    HOLDING_ETA = "holding_eta"
    PREFETCHED = "prefetched"


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    """Something that is injected, proves that it bit, and is healed. One file each, in `stormproof/faults/`."""

    @property
    def name(self) -> str:
        """How the history and the reports call it; stable."""
        return str(type(self).__struct_config__.tag)

    @property
    def target(self) -> str:
        """The component it strikes."""
        return str(getattr(self, "component", ""))

    def check(self, world: World) -> None:
        """Refuse a target that the system does not have, before anything starts. Raises DescriptionError."""
        world.struck(self.target)

    def strike(self, world: World) -> AbstractAsyncContextManager[Evidence]:
        """Inject on entry, hand out the evidence, heal on exit (which always happens)."""
        raise NotImplementedError


class Injection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault on the schedule: after `at_s` seconds of storm, then, if `started` names a submission's place, when a
    worker starts that task; healed after `for_s`.
    """

    fault: Fault
    at_s: float = 0.0
    started: int | None = None
    for_s: float = 0.0


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`states`: each outage is tried in each of them, one run a state; `settle_s` bounds the wait for quiescence.

    `title` tells in one line what happens, as an operator would say it; `cure` what helps (taken from the paragraph
    "What cures it:" of the scenario file's docstring).
    """

    name: str
    title: str
    storm: tuple[Injection, ...] = ()
    workload: Workload = Workload()
    states: tuple[State, ...] = (State.IDLE,)
    demo_states: tuple[State, ...] = ()
    settle_s: float = 45.0
    cure: str = ""

    @property
    def planned(self) -> tuple[str, ...]:
        """The names of the faults that must happen, for the check `fault_happened`."""
        return tuple(injection.fault.name for injection in self.storm)

    @property
    def calm(self) -> bool:
        """Whether nothing out of the ordinary happens in it."""
        return not self.storm and self.workload.copies == 1
