"""Who holds a claim: a process, named so that a later one with the same pid is not taken for it."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def own_name() -> str:
    """`host:pid:start` of this process; `start` counts clock ticks since the machine booted."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_time(os.getpid())}"


def is_gone(name: str) -> bool:
    """Whether the process is proved to be dead. What lives on another host, or cannot be looked up, is not."""
    host, pid, start = name.rsplit(":", 2)
    if host != socket.gethostname() or start == "?":
        return False
    return _start_time(int(pid)) != start


def _start_time(pid: int) -> str:
    """Field 22 of /proc/PID/stat; "" for a process that is gone or a zombie, "?" where there is no /proc."""
    if not Path("/proc/self/stat").exists():
        return "?"
    try:
        # The second field is the program's name in parentheses, and may itself contain spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
