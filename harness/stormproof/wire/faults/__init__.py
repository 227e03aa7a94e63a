"""The faults of the wire, one file each. To add one, start from `reset.py` and add it to `ALL`."""

from __future__ import annotations

from stormproof.wire.faults.bandwidth import Bandwidth
from stormproof.wire.faults.base import WireFault
from stormproof.wire.faults.black_hole import BlackHole
from stormproof.wire.faults.delay import Delay
from stormproof.wire.faults.duplicate import Duplicate
from stormproof.wire.faults.garble import Garble
from stormproof.wire.faults.half_close import HalfClose
from stormproof.wire.faults.refuse import Refuse
from stormproof.wire.faults.reset import Reset
from stormproof.wire.faults.truncate import Truncate

ALL: tuple[type[WireFault], ...] = (
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

__all__ = [
    "ALL",
    "Bandwidth",
    "BlackHole",
    "Delay",
    "Duplicate",
    "Garble",
    "HalfClose",
    "Refuse",
    "Reset",
    "Truncate",
    "WireFault",
]
