"""The server program that a command runs its systems on."""

from __future__ import annotations

from stormproof.spec.seams import BROKERS
from stormproof.spec.tables import Binary


def find_binary(kind: str = "redis") -> Binary:
    """The program for servers of that kind on this machine. Raises UsageError if there is none."""
    found: Binary = BROKERS.get(kind)().find()
    return found
