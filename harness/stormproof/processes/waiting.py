"""How long processes have waited for a processor: time that the machine took, not the processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path


class RunDelay:
    """Sums the waits of the main threads of some processes, from its creation on. `pids` returns the live ones. Call
    `look_s` often, because a process that has ended can no longer be read.

    The figures are the second ones of /proc/PID/schedstat, in nanoseconds (Documentation/scheduler/sched-stats.rst of
    Linux). If the kernel does not count them, the sum is 0.
    """

    def __init__(self, pids: Callable[[], Iterable[int]], proc: Path = Path("/proc")) -> None:
        self._pids, self._proc = pids, proc
        self._before = self._now()
        self._waited_ns = 0

    def look_s(self) -> float:
        """Seconds that they have waited in total so far. What a process waited before it was first seen counts as well,
        because it is new.
        """
        now = self._now()
        self._waited_ns += sum(max(ns - self._before.get(pid, 0), 0) for pid, ns in now.items())
        self._before = now
        return self._waited_ns / 1e9

    def _now(self) -> dict[int, int]:
        return {pid: ns for pid in self._pids() if (ns := self._of(pid)) is not None}

    def _of(self, pid: int) -> int | None:
        try:
            return int((self._proc / str(pid) / "schedstat").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return None
