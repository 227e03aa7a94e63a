"""`stormproof replay` as a child of the server: one at a time, with its output kept, and never outliving the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from stormproof.session.remote import ending_with_us

_KEPT = 400_000
"""How many characters of the output are kept, counted from the end."""
_END_S = 60.0


class Replay:
    """One child. Its own thread starts it, reads its output and waits for it.

    The kernel sends the parent-death signal when the *thread* that forked ends, and the threads of a web server come and go.
    """

    def __init__(self, name: str, folder: Path, runs: Path) -> None:
        self.name = name
        self.command = ("replay", str(folder.absolute()), "--runs", str(runs.absolute()))
        self.code: int | None = None
        self._said = ""
        self._process: subprocess.Popen[str] | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._live, name="replay", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the child has not ended yet."""
        return self.code is None

    @property
    def said(self) -> str:
        """The child's output so far."""
        return self._said

    def _live(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stormproof", *self.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C is for the server, which ends it.
                preexec_fn=ending_with_us(),  # noqa: PLW1509 - one call of C, and no lock.
            )
        except (OSError, subprocess.SubprocessError) as error:
            self._said, self.code = f"cannot be started: {error}\n", 255
            return
        finally:
            self._started.set()
        assert self._process.stdout is not None
        with self._process.stdout as out:
            for line in out:
                self._said = (self._said + line)[-_KEPT:]
        self.code = self._process.wait()

    def end(self) -> None:
        """Make the child stop everything that it started, and wait until it has."""
        self._started.wait()
        if self._process is None or not self.running:
            return
        self._process.terminate()
        self._thread.join(_END_S)
        if self._thread.is_alive():  # Its reaper ends what it has started, however it ends itself.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._thread.join()


class Replays:
    """Runs at most one replay at a time. The last one is kept so that its output can be read."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._lock = threading.Lock()
        self._closed = False
        self.last: Replay | None = None

    def begin(self, name: str, folder: Path) -> bool:
        """Start a replay. Returns False if another is still running."""
        with self._lock:
            if self._closed or (self.last is not None and self.last.running):
                return False
            self.last = Replay(name, folder, self._runs)
            return True

    def end(self) -> None:
        """Stop the running replay, if there is one."""
        if self.last is not None:
            self.last.end()

    def close(self) -> None:
        """Stop the running replay and refuse new ones."""
        with self._lock:
            self._closed = True
        self.end()
