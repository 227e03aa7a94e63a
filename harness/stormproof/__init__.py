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
    Revoke,
    Stop,
)
from stormproof.scenario import Injection, Scenario, State
from stormproof.serial.decorator import check_serialization
from stormproof.wire.faults import (
    Bandwidth,
    BlackHole,
    Delay,
    Duplicate,
    ErrorReply,
    Garble,
    HalfClose,
    Refuse,
    Reset,
    Truncate,
)
from stormproof.wire.trigger import Trigger, receives, sends
from stormproof.workload import Workload

__all__ = [
    "BadMessage",
    "Bandwidth",
    "BlackHole",
    "Delay",
    "Duplicate",
    "ErrorReply",
    "Evict",
    "Garble",
    "GarbleResult",
    "HalfClose",
    "Injection",
    "Kill",
    "Mail",
    "Misbehave",
    "OutOfMemory",
    "Pause",
    "Refuse",
    "Reset",
    "Revoke",
    "Scenario",
    "State",
    "Stop",
    "Trigger",
    "Truncate",
    "Workload",
    "check_serialization",
    "receives",
    "sends",
]
