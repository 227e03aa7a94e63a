"""The output of components, one file each. They append to it, and the harness limits its size, because a system may
print the same lines forever.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HEAD_BYTES = TAIL_BYTES = 1 << 20
MOST_BYTES = 64 << 20
"""Bytes. A longer log keeps its head and its tail."""

_KEEP_SIZE, _PUNCH_HOLE = 1, 2
_LIBC = ctypes.CDLL(None, use_errno=True)


class Output:
    """The log of one component: `logs/<name>.log`, across all its starts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left_out_bytes = 0

    def bound(self) -> None:
        """Return the disk space of the middle of a long log while it is still written. Positions do not change, and the
        latest output is kept.
        """
        with suppress(FileNotFoundError), self._opened() as file:
            found = os.fstat(file)
            if found.st_blocks * 512 > MOST_BYTES and not _punch(file, found.st_size - TAIL_BYTES):
                self._cut(file)

    def shorten(self) -> None:
        """Cut the middle out of a long log and note there how much was left out. Only once nothing writes to it."""
        with suppress(FileNotFoundError), self._opened() as file:
            if os.fstat(file).st_size > MOST_BYTES:
                self._cut(file)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        file = os.open(self.path, os.O_RDWR | os.O_APPEND)
        try:
            yield file
        finally:
            os.close(file)

    def _cut(self, file: int) -> None:
        """Output that is written meanwhile is left out, too."""
        size = os.fstat(file).st_size
        tail = os.pread(file, TAIL_BYTES, size - TAIL_BYTES)
        self.left_out_bytes += size - HEAD_BYTES - len(tail)
        os.ftruncate(file, HEAD_BYTES)
        said = f"\n[stormproof: {self.left_out_bytes / 1e6:.0f} MB of output were left out here]\n"
        os.write(file, said.encode() + tail)

    def size(self) -> int:
        """Its length in bytes; 0 before the first start."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def last(self, most_bytes: int, since: int = 0) -> str:
        """Its end: at most this many bytes, and nothing before the position `since`."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(min(since, HEAD_BYTES) if since > size else since, size - most_bytes))
                return file.read(most_bytes).decode("utf-8", "replace")
        except OSError:
            return ""

    def tail(self, lines: int = 12) -> str:
        """Its last lines."""
        return "\n".join(self.last(8192).splitlines()[-lines:])


def _punch(file: int, end: int) -> bool:
    """Punch a hole from the head to a position; False if the disk does not support holes."""
    length = ctypes.c_int64(end - HEAD_BYTES)
    mode = _KEEP_SIZE | _PUNCH_HOLE
    return bool(_LIBC.fallocate(file, mode, ctypes.c_int64(HEAD_BYTES), length) == 0)
