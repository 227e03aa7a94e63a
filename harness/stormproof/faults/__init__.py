"""The faults, one file each. To add one, imitate `pause.py` and put it into `ALL`."""

from __future__ import annotations

from typing import Any

import msgspec

from stormproof.errors import ScenarioError
from stormproof.fault import Fault
from stormproof.faults.evict import Evict
from stormproof.faults.garble_result import GarbleResult
from stormproof.faults.kill import Kill
from stormproof.faults.mail import Mail
from stormproof.faults.message import BadMessage
from stormproof.faults.misbehave import Misbehave
from stormproof.faults.out_of_memory import OutOfMemory
from stormproof.faults.pause import Pause
from stormproof.faults.revoke import Revoke
from stormproof.faults.stop import Stop
from stormproof.scenario import Injection, Scenario
from stormproof.system import System
from stormproof.wire.faults import ALL as ON_THE_WIRE
from stormproof.wire.faults import WireFault
from stormproof.wire.trigger import Trigger

ALL: tuple[type[Fault], ...] = (
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
    *ON_THE_WIRE,
)

_BY_TAG = {str(fault.__struct_config__.tag): fault for fault in ALL}


def offers(system: System) -> list[Fault]:
    """All that a person can strike this system with, component by component."""
    found = [fault for kind in ALL for fault in kind.offers(system)]
    return sorted(found, key=lambda fault: fault.target)


def label(fault: Fault) -> str:
    """How a button calls it: its name, and what is not as ever about it; without its target, but for whether that is the link of it."""
    fields = (
        (field, getattr(fault, field.name)) for field in msgspec.structs.fields(fault) if field.name != "component"
    )
    said = [
        value if isinstance(value, str) else field.name if value is True else f"{field.name} {value:g}"
        for field, value in fields
        if value != field.default
    ]
    where = ["link:"] if isinstance(fault, WireFault) else []
    return " ".join([*where, fault.name, *said]).replace("_", " ")


def encode_scenario(scenario: Scenario) -> Any:
    """A scenario as plain JSON values, faults with their tags."""
    return msgspec.to_builtins(scenario)


def decode_scenario(stored: Any) -> Scenario:
    """The scenario that `encode_scenario` gave. Raises ScenarioError for what is none."""

    try:
        storm = tuple(_decode_injection(injection) for injection in stored["storm"])
        return msgspec.structs.replace(msgspec.convert({**stored, "storm": []}, Scenario), storm=storm)
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError) as error:
        raise ScenarioError(f"not a stored scenario: {error}") from error


def decode_fault(stored: dict[str, Any]) -> Fault:
    """The fault that was encoded so. Raises KeyError, msgspec.ValidationError for what is none."""
    fault: Fault = msgspec.convert(stored, _BY_TAG[stored["fault"]])
    return fault


def _decode_injection(stored: dict[str, Any]) -> Injection:
    triggers = {name: msgspec.convert(stored.get(name), Trigger | None) for name in ("when", "until")}
    return Injection(**{**stored, **triggers, "fault": decode_fault(stored["fault"])})


__all__ = [
    "ALL",
    "BadMessage",
    "Evict",
    "GarbleResult",
    "Kill",
    "Mail",
    "Misbehave",
    "OutOfMemory",
    "Pause",
    "Revoke",
    "Stop",
    "decode_fault",
    "decode_scenario",
    "encode_scenario",
    "label",
    "offers",
]
