"""What the tests of this folder wait for and look after."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def eventually(condition: Callable[[], bool], within_s: float = 10) -> bool:
    """Whether it comes true within the time."""
    deadline = time.monotonic() + within_s
    # What was true once counts: a number of processes may be one less a moment later.
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def living(tmp: Path) -> list[str]:
    """Processes that inherited a harness's own TMPDIR, or were given a place below it."""
    found, wanted = [], f"TMPDIR={tmp}".encode()
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and any(
                word.startswith(wanted) for word in (folder / "environ").read_bytes().split(b"\0")
            ):
                found.append((folder / "cmdline").read_bytes().decode())
    return found
