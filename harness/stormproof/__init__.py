"""Stormproof: storms for task systems. What scenario files and tests import is here; the command is `stormproof`.

Each name is imported when it is first asked for: pytest loads the plugin in every run, of suites, too, that have no storms.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stormproof.brokers.redis.faults import ErrorReply, Evict, GarbleResult, OutOfMemory
    from stormproof.effects.smtp.faults import Mail
    from stormproof.frameworks.faults import BadMessage, Misbehave, Revoke
    from stormproof.processes.faults import Kill, Pause, Stop
    from stormproof.pytest_plugin.valid import assert_valid
    from stormproof.serializers.decorator import check_serialization
    from stormproof.spec.fault import Fault, Target
    from stormproof.spec.scenario import Injection, Scenario, State
    from stormproof.spec.trigger import Trigger, receives, sends
    from stormproof.spec.workload import Workload
    from stormproof.wire.faults import (
        Bandwidth,
        BlackHole,
        Delay,
        Duplicate,
        Garble,
        HalfClose,
        Refuse,
        Reset,
        Truncate,
    )

_HOMES = {
    "stormproof.brokers.redis.faults": "ErrorReply Evict GarbleResult OutOfMemory",
    "stormproof.effects.smtp.faults": "Mail",
    "stormproof.frameworks.faults": "BadMessage Misbehave Revoke",
    "stormproof.processes.faults": "Kill Pause Stop",
    "stormproof.pytest_plugin.valid": "assert_valid",
    "stormproof.spec.fault": "Fault Target",
    "stormproof.spec.scenario": "Injection Scenario State",
    "stormproof.serializers.decorator": "check_serialization",
    "stormproof.wire.faults": ("Bandwidth BlackHole Delay Duplicate Garble HalfClose Refuse Reset Truncate"),
    "stormproof.spec.trigger": "Trigger receives sends",
    "stormproof.spec.workload": "Workload",
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
    "Fault",
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
    "Target",
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
