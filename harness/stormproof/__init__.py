"""Stormproof: storms for task systems. What scenario files import is here; the command is `stormproof`."""

from stormproof.faults import (
    BadMessage,
    Evict,
    GarbleResult,
    Kill,
    Mail,
    Misbehave,
    OutOfMemory,
    Pause,
    Stop,
)
from stormproof.scenario import Injection, Scenario, State
from stormproof.workload import Workload

__all__ = [
    "BadMessage",
    "Evict",
    "GarbleResult",
    "Injection",
    "Kill",
    "Mail",
    "Misbehave",
    "OutOfMemory",
    "Pause",
    "Scenario",
    "State",
    "Stop",
    "Workload",
]
