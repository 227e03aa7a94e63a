"""A running system in another process, over blocking sockets, for callers with a different kind of event loop."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

Document = dict[str, Any]

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_LONGEST_FOLDER = 70


class RemoteError(Exception):
    """A request failed; the message is one line."""


def ending_with_us() -> Callable[[], None]:
    """Return a function for a child to call right after its fork: the child gets SIGTERM when this process dies, for any reason."""
    parent = os.getpid()
    return lambda: _end_with(parent)


def tie_forks() -> None:
    """Make every process that this one forks from now on, and their own forks, get SIGTERM when their parent dies."""
    parents = [0]

    def note() -> None:
        parents[0] = os.getpid()

    os.register_at_fork(before=note, after_in_child=lambda: _end_with(parents[0]))


def _end_with(parent: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # It died before the kernel was asked.
        os._exit(1)


class Remote:
    """A connection to the socket of `stormproof up --steer`. Raises RemoteError if nothing listens there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise RemoteError(f"{path}: no system is steered there: {error.strerror}") from error
        self._lines = self._socket.makefile("rb")

    def ask(self, do: str, **more: Any) -> Document:
        """Send one command and return its answer. Raises RemoteError with the system's error, or if the system is gone."""
        self._send(do, **more)
        line = self._lines.readline()
        if not line:
            raise RemoteError(f"{self.path}: the system is gone")
        answer: Document = msgspec.json.decode(line)
        if "error" in answer:
            raise RemoteError(answer["error"])
        return answer

    def watch(self, *kinds: str) -> Iterator[Document]:
        """Yield all events of these kinds as they happen, until the system is gone. The connection takes no other request after this."""
        self._send("watch", kinds=kinds)
        for line in self._lines:
            yield msgspec.json.decode(line)

    def _send(self, do: str, **more: Any) -> None:
        try:
            self._socket.sendall(msgspec.json.encode({"do": do, **more}) + b"\n")
        except OSError as error:
            raise RemoteError(f"{self.path}: the system is gone: {error.strerror}") from error

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. The system keeps running."""
        self._lines.close()
        self._socket.close()


class Up:
    """`stormproof up` as a child of this process, which it does not outlive. `path`: its socket. Raises RemoteError if it does not start."""

    def __init__(self, system: Path, runs: Path) -> None:
        # The path of a socket is short, whatever TMPDIR says. No folder of ours: the system removes its socket, and we may be gone by then.
        where = tempfile.gettempdir() if len(tempfile.gettempdir()) < _LONGEST_FOLDER else "/tmp"  # noqa: S108 - the name is nobody's.
        self.path = Path(where) / f"stormproof-steer-{secrets.token_hex(8)}"
        command = ["up", "--system", str(system), "--runs", str(runs), "--steer", str(self.path)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stormproof", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for the caller, who ends it when its own work is done.
            preexec_fn=ending_with_us(),  # noqa: PLW1509 - one call of C, and no lock.
        )
        said = ""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("Ctrl-C"):
                return
            said = line
        self.stop()
        raise RemoteError(said.strip().removeprefix("stormproof: ") or "stormproof up said nothing, and ended")

    def stop(self) -> None:
        """End it; returns when everything is gone."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
