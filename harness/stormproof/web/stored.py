"""Serves files of a run folder: only regular files, never links, and found by listing, never by joining a path from a request."""

from __future__ import annotations

import codecs
import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stormproof.errors import RunFolderError
from stormproof.report.words import printable
from stormproof.runs import store
from stormproof.runs.store import Run

_PIECE_BYTES = 256 * 1024


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Turn any error about a folder's content into RunFolderError: another program or an older release may have written it."""
    try:
        yield
    except (ValueError, OverflowError, RecursionError, LookupError) as error:
        raise RunFolderError(f"{folder.name}: cannot be read: {type(error).__name__}: {error}") from error


def logs(folder: Path) -> dict[str, int]:
    """Return the logs of a run: name -> size in bytes; empty if there is no folder of logs, or it cannot be read."""
    found = {}
    try:
        if not stat.S_ISDIR((folder / "logs").lstat().st_mode):
            return {}
        with os.scandir(folder / "logs") as inside:
            for one in inside:
                if one.is_file(follow_symlinks=False):
                    found[one.name] = one.stat(follow_symlinks=False).st_size
    except OSError:
        return {}
    return dict(sorted(found.items()))


def opened(path: Path) -> BinaryIO:
    """Open a regular file. Raises RunFolderError if it is missing, or is a link, a pipe or a folder."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RunFolderError(f"{path.name}: cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise RunFolderError(f"{path.name}: cannot be read: it is not a file")
    return os.fdopen(number, "rb")


def is_there(path: Path) -> bool:
    """Whether the path is a regular file."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def loaded(folder: Path) -> Run:
    """Load a run with its history. Raises RunFolderError, also if the history is a pipe or a link."""
    opened(folder / "history.jsonl").close()
    with reading(folder):
        return store.load(folder)


def text(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file as text without control characters, piece by piece, and close it at the end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield printable(decoder.decode(piece)).encode()
        yield printable(decoder.decode(b"", final=True)).encode()


def lines(file: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    """Return the lines from `first` to `last` (exclusive) as such text."""
    with file:
        for line in itertools.islice(file, max(0, first), max(0, last)):
            yield printable(line.decode("utf-8", "replace")).encode()
