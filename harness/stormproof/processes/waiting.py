"""How long processes have waited for a processor: time that the machine took, and not they."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path


class RunDelay:
    """Sums the waits of the main threads of some processes, from when it is made. `pids` gives those that live; look often, as a process
    that has ended tells no more.

    The figures are the second one of /proc/PID/schedstat, in nanoseconds (Documentation/scheduler/sched-stats.rst of Linux). Where the
    kernel does not count, nothing was waited.
    """

    def __init__(self, pids: Callable[[], Iterable[int]], proc: Path = Path("/proc")) -> None:
        self._pids, self._proc = pids, proc
        self._before = self._now()
        self._waited_ns = 0

    def look_s(self) -> float:
        """Seconds that they have waited in all so far. What a process waited before it was seen first counts as well: it is new."""
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
