"""The faults of a Redis, one file each. To add one, start from `evict.py` and add it to `ALL`."""

from __future__ import annotations

from stormproof.brokers.redis.faults.error_reply import ErrorReply
from stormproof.brokers.redis.faults.evict import Evict
from stormproof.brokers.redis.faults.garble_result import GarbleResult
from stormproof.brokers.redis.faults.out_of_memory import OutOfMemory
from stormproof.spec.fault import Fault

ALL: tuple[type[Fault], ...] = (
    ErrorReply,
    Evict,
    GarbleResult,
    OutOfMemory,
)

__all__ = ["ALL", "ErrorReply", "Evict", "GarbleResult", "OutOfMemory"]
