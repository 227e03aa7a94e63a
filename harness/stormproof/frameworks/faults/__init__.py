"""The faults of workers and messages, one file each. To add one, start from `revoke.py` and add it to `ALL`."""

from __future__ import annotations

from stormproof.frameworks.faults.message import BadMessage
from stormproof.frameworks.faults.misbehave import Misbehave
from stormproof.frameworks.faults.revoke import Revoke
from stormproof.spec.fault import Fault

ALL: tuple[type[Fault], ...] = (
    BadMessage,
    Misbehave,
    Revoke,
)

__all__ = ["ALL", "BadMessage", "Misbehave", "Revoke"]
