"""The faults of processes, one file each. To add one, start from `pause.py` and add it to `ALL`."""

from __future__ import annotations

from stormproof.processes.faults.kill import Kill
from stormproof.processes.faults.pause import Pause
from stormproof.processes.faults.stop import Stop
from stormproof.spec.fault import Fault

ALL: tuple[type[Fault], ...] = (
    Kill,
    Pause,
    Stop,
)

__all__ = ["ALL", "Kill", "Pause", "Stop"]
