"""Stormproof: storms for task systems. What scenario files and tests import is here; the command is `stormproof`.

Each name is imported when it is first asked for: pytest loads the plugin in every run, of suites, too, that have no storms.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from stormproof.pytest_plugin.valid import assert_valid
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

_HOMES = {
    "stormproof.faults": "BadMessage Evict GarbleResult Kill Mail Misbehave OutOfMemory Pause Revoke Stop",
    "stormproof.pytest_plugin.valid": "assert_valid",
    "stormproof.scenario": "Injection Scenario State",
    "stormproof.serial.decorator": "check_serialization",
    "stormproof.wire.faults": ("Bandwidth BlackHole Delay Duplicate ErrorReply Garble HalfClose Refuse Reset Truncate"),
    "stormproof.wire.trigger": "Trigger receives sends",
    "stormproof.workload": "Workload",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

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
    "assert_valid",
    "check_serialization",
    "receives",
    "sends",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'stormproof' has no attribute {name!r}")
    found = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
