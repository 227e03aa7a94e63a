"""What a run needs from the machine while it lasts: disk space, and descriptors for files and connections."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

from stormproof.errors import RunFolderError, exhausted

_ROOM_BYTES = 64 * 1024
_SPARE_DESCRIPTORS = 8


def check(*folders: Path, descriptors: int = _SPARE_DESCRIPTORS) -> None:
    """Check that the machine has what a run needs, including this many descriptors. Otherwise the system would be
    blamed for failures that the machine causes.

    Raises RunFolderError if a folder is gone or its disk is full, StormproofError if descriptors are short.
    """
    for folder in folders:
        try:
            disk = os.statvfs(folder)
        except OSError as error:
            raise exhausted(error) or RunFolderError(
                f"{folder}: cannot be written any more: {error.strerror}; leave a run its folder until it ends"
            ) from error
        if disk.f_blocks and disk.f_bfree * disk.f_frsize < _ROOM_BYTES:
            raise _exhausted(errno.ENOSPC, folder)
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        left = limit - len(os.listdir("/proc/self/fd"))
    except OSError as error:
        raise exhausted(error) or error from error
    if left < descriptors:
        raise _exhausted(errno.EMFILE)


def _exhausted(number: int, folder: Path | None = None) -> Exception:
    error = OSError(number, os.strerror(number), str(folder) if folder else None)
    return exhausted(error) or error
