"""The registries of brokers, frameworks, drivers and sources of effects that a description can name.

The interface of each is in its own folder: `brokers/broker.py`, `frameworks/framework.py`, `drivers/driver.py`,
`effects/source.py`. Another package adds an implementation with an entry point of the group named here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stormproof.spec.registry import Registry


def _has(*names: str) -> Callable[[object], bool]:
    return lambda found: all(hasattr(found, name) for name in names)


BROKERS: Registry[Any] = Registry(
    "stormproof.brokers",
    "broker",
    {"redis": "stormproof.brokers.redis.broker:RedisBroker"},
    _has("Table", "server"),
    "a class like stormproof.brokers.broker.Broker",
)

FRAMEWORKS: Registry[Any] = Registry(
    "stormproof.frameworks",
    "framework",
    {
        "celery": "stormproof.frameworks.celery.framework:CeleryFramework",
        "rq": "stormproof.frameworks.rq.framework:RqFramework",
    },
    _has("promises", "states", "probe", "messages"),
    "a class like stormproof.frameworks.framework.Framework",
)

DRIVERS: Registry[Any] = Registry(
    "stormproof.drivers",
    "driver",
    {"http": "stormproof.drivers.http.driver:HttpDriver"},
    _has("submit", "status"),
    "a class like stormproof.drivers.driver.Driver",
)

EFFECTS: Registry[Any] = Registry(
    "stormproof.effects",
    "source of effects",
    {"smtp": "stormproof.effects.smtp.source:SmtpSource"},
    _has("placeholders", "start", "stop"),
    "a class like stormproof.effects.source.EffectSource",
)
