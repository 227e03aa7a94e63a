"""A temporary folder of a node's own: in a mount namespace of its own, `/tmp` is another folder.

Only where the kernel lets us (root, or user namespaces); elsewhere a node has `TMPDIR`, and shares what is called `/tmp` by name.
"""

from __future__ import annotations

import ctypes
import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

_TMP = Path("/tmp")  # noqa: S108 - this very folder is the subject.
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_LIBC = ctypes.CDLL(None, use_errno=True)


def entering(folder: Path, kept: Iterable[Path]) -> Callable[[], None]:
    """What a child calls before its program, so that `folder` is its `/tmp`. `kept`: what lies below `/tmp` and is to stay visible."""
    binds = [(str(_TMP), str(folder))]
    for path in kept:
        if path.is_relative_to(_TMP) and path.exists():
            place = folder / path.relative_to(_TMP)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.mkdir(exist_ok=True) if path.is_dir() else place.touch()
            binds.insert(0, (str(place), str(path)))
    uid, gid = os.geteuid(), os.getegid()

    def enter() -> None:
        _unshare(uid, gid)
        _mount(None, "/", _MS_REC | _MS_PRIVATE)
        for target, source in binds:
            _mount(source, target, _MS_BIND | _MS_REC)

    return enter


@functools.cache
def available() -> bool:
    """Whether this machine allows it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(
                [sys.executable, "-I", "-S", "-c", ""],
                preexec_fn=entering(Path(folder), [Path(sys.prefix), Path(sys.base_prefix)]),
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return False
    return True


def _unshare(uid: int, gid: int) -> None:
    if _LIBC.unshare(_CLONE_NEWNS) == 0:
        return
    if _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _mount(source: str | None, target: str, flags: int) -> None:
    if _LIBC.mount(source and source.encode(), target.encode(), None, flags, None) != 0:
        raise OSError(ctypes.get_errno(), "mount", target)
