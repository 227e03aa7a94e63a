"""All kinds of faults, and the conversion of scenarios to and from plain values.

Each part of Stormproof that can be struck has its own faults, in its folder `faults`. Another package adds a fault with
an entry point of the group `stormproof.faults`, which names a subclass of `Fault`.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import msgspec

from stormproof.errors import ScenarioError, UsageError
from stormproof.spec.fault import Fault
from stormproof.spec.registry import Registry
from stormproof.spec.scenario import Injection, Scenario
from stormproof.spec.system import System
from stormproof.spec.trigger import Trigger

HOMES = (
    "stormproof.brokers.redis.faults",
    "stormproof.effects.smtp.faults",
    "stormproof.frameworks.faults",
    "stormproof.processes.faults",
    "stormproof.wire.faults",
)
"""The modules of Stormproof's own faults. They are imported on first use, because each imports the part that it
strikes.
"""

REGISTRY: Registry[type[Fault]] = Registry(
    "stormproof.faults",
    "fault",
    {},
    lambda kind: isinstance(kind, type) and issubclass(kind, Fault),
    "a subclass of stormproof.Fault",
)
"""The faults that other packages add. A fault's name is its tag, whatever its entry point is called."""


@cache
def kinds() -> tuple[type[Fault], ...]:
    """All kinds of faults: those of the wire last, otherwise sorted by name. Raises UsageError for a fault of another
    package that cannot be used.
    """
    own = [kind for home in HOMES for kind in importlib.import_module(home).ALL]
    found = {_tag(kind): kind for kind in own}
    for point in REGISTRY.points():
        kind = REGISTRY.load(point)
        if found.setdefault(_tag(kind), kind) is not kind:
            raise UsageError(
                f"the entry point {point.name!r} of {REGISTRY.group}: there is a fault {_tag(kind)!r} already; give it another tag"
            )
    return tuple(sorted(found.values(), key=lambda kind: (kind.on_the_wire, _tag(kind))))


def _tag(kind: type[Fault]) -> str:
    return str(kind.__struct_config__.tag)


@cache
def _by_tag() -> dict[str, type[Fault]]:
    return {_tag(kind): kind for kind in kinds()}


def offers(system: System) -> list[Fault]:
    """All faults that a user can inject into this system, component by component."""
    found = [fault for kind in kinds() for fault in kind.offers(system)]
    return sorted(found, key=lambda fault: fault.target)


def label(fault: Fault) -> str:
    """The text of its button: its name and the fields that differ from their defaults. Of the target, only whether it
    is a link.
    """
    fields = (
        (field, getattr(fault, field.name)) for field in msgspec.structs.fields(fault) if field.name != "component"
    )
    said = [
        value if isinstance(value, str) else field.name if value is True else f"{field.name} {value:g}"
        for field, value in fields
        if value != field.default
    ]
    where = ["link:"] if fault.on_the_wire else []
    return " ".join([*where, fault.name, *said]).replace("_", " ")


def encode_scenario(scenario: Scenario) -> Any:
    """A scenario as plain JSON values, faults with their tags."""
    return msgspec.to_builtins(scenario)


def decode_scenario(stored: Any) -> Scenario:
    """The scenario that `encode_scenario` encoded. Raises ScenarioError if `stored` is not one."""

    try:
        storm = tuple(_decode_injection(injection) for injection in stored["storm"])
        return msgspec.structs.replace(msgspec.convert({**stored, "storm": []}, Scenario), storm=storm)
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError) as error:
        raise ScenarioError(f"not a stored scenario: {error}") from error


def decode_fault(stored: dict[str, Any]) -> Fault:
    """The fault with this encoding. Raises KeyError or msgspec.ValidationError if `stored` is not one."""
    fault: Fault = msgspec.convert(stored, _by_tag()[stored["fault"]])
    return fault


def _decode_injection(stored: dict[str, Any]) -> Injection:
    triggers = {name: msgspec.convert(stored.get(name), Trigger | None) for name in ("when", "until")}
    return Injection(**{**stored, **triggers, "fault": decode_fault(stored["fault"])})
