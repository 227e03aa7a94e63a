"""A scenario: a workload, faults on a schedule, and the states of a worker in which to try them. Values only."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from stormproof.spec.fault import Fault
from stormproof.spec.seams import FRAMEWORKS
from stormproof.spec.system import System
from stormproof.spec.trigger import Trigger
from stormproof.spec.workload import Workload


class State(StrEnum):
    """What a worker is doing when the storm begins. Some known failures appear only in some of these states."""

    IDLE = "idle"
    RUNNING_EARLY = "running_early"
    RUNNING_LATE = "running_late"
    HOLDING_ETA = "holding_eta"
    PREFETCHED = "prefetched"


class Injection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault on the schedule.

    It is injected after `at_s` seconds of storm; then, if `started` names a submission's place, when a worker starts
    that task; then, if there is a `when`, at the frame that it describes. It is healed after `for_s` seconds or, if
    `until` describes a frame, when that frame has passed (after `for_s` at the latest). A fault of the wire with a
    `when` stays in force until it has met that frame, and for `for_s` after it.
    """

    fault: Fault
    at_s: float = 0.0
    started: int | None = None
    when: Trigger | None = None
    for_s: float = 0.0
    until: Trigger | None = None


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workload and the faults to inject while it runs.

    `states`: each outage is tried in each of them, in one run per state. `settle_s` bounds the wait for quiescence, in
    seconds.

    `title` describes in one line what happens, in an operator's words; `cure` describes what helps (taken from the
    paragraph "What cures it:" of the scenario file's docstring).
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


def why_not(storm: tuple[Injection, ...], system: System) -> str:
    """Why such a storm cannot strike such a system: the first thing that the system lacks; "" if it lacks nothing.
    Finding out starts no process.
    """
    return next((reason for injection in storm for reason in _reasons(injection, system) if reason), "")


def lacks_state(state: State, system: System) -> str:
    """Why no worker of the system can be brought into that state; "" if one can."""
    known = FRAMEWORKS.get(system.framework).states
    if state in known:
        return ""
    return f"a worker of {system.framework} cannot be {state.value}; it can be: {', '.join(sorted(known))}"


def _reasons(injection: Injection, system: System) -> Iterator[str]:
    for trigger in (injection.when, injection.until):
        if trigger is not None:
            yield system.lacks_link(trigger.component, trigger.store)
    if injection.when is None or not injection.fault.on_the_wire:
        yield injection.fault.why_not(system)
