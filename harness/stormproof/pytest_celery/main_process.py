"""One start of a node: its main process and everything that it started, until they are gone."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stormproof.errors import ComponentError, exhausted
from stormproof.processes import reaper

MARK = "STORMPROOF_NODE"
_BETWEEN_SIGNALS_S = 0.1
"""Two signals of one number are one until the process has run its handler; Docker's calls take about this long."""
_MET_WITHIN_S = 2.0
"""A stopped process meets none."""


class MainProcess:
    """What runs in a node. When the main process ends, all else in the node is killed: as a container's first process takes the others
    with it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        node: str,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        before: Callable[[], None],
    ) -> None:
        with log.open("ab") as output:
            self.log_start = output.tell()
            try:
                self._process = subprocess.Popen(
                    argv,
                    env={**env, MARK: node},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=before,  # noqa: PLW1509 - it takes no lock that a thread of ours holds.
                )
            except (OSError, subprocess.SubprocessError) as error:
                cause = exhausted(error) if isinstance(error, OSError) else None
                raise cause or ComponentError(f"node {node[:12]}: cannot start {argv[0]!r}: {error}") from error
        self.pid = self._process.pid
        self._mark = f"{MARK}={node}".encode()
        self._sessions = {str(self.pid): reaper.start_time(self.pid) or "0"}
        self._signalled_t = 0.0
        self._gone = threading.Event()
        threading.Thread(target=self._bury, name=f"node-{node[:12]}", daemon=True).start()

    def _bury(self) -> None:
        self._process.wait()
        reaper.reap(self._mark, self._sessions, [])
        self._gone.set()

    @property
    def alive(self) -> bool:
        """Whether any process of the node still runs."""
        return not self._gone.is_set()

    @property
    def code(self) -> int:
        """The exit code of the main process in Docker's form: 128 + the signal that ended it. 0 while it runs."""
        code = self._process.returncode or 0
        return 128 - code if code < 0 else code

    @property
    def pids(self) -> list[int]:
        """All live processes of the node."""
        return reaper.survivors(self._mark, self._sessions)

    def signal(self, number: int) -> None:
        """Signal only the main process. SIGKILL reaches all processes, and returns when they are gone."""
        if number == signal.SIGKILL:
            # The first process at first, in one stroke with its group: what it could still do then, it could do before.
            self._send(os.killpg, number)
            self.wait(10)
            return
        self._wait_until_met(number)
        time.sleep(max(0.0, self._signalled_t + _BETWEEN_SIGNALS_S - time.monotonic()))
        self._send(os.kill, number)
        self._signalled_t = time.monotonic()

    def _wait_until_met(self, number: int) -> None:
        deadline = time.monotonic() + _MET_WITHIN_S
        while time.monotonic() < deadline and _is_pending(self.pid, number):
            time.sleep(0.005)

    def _send(self, send: Callable[[int, int], None], number: int) -> None:
        try:
            if self._process.returncode is None:
                send(self.pid, number)
        except ProcessLookupError:
            pass  # It has just ended.

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until all processes are gone. Returns whether that happened in time."""
        return self._gone.wait(timeout_s)

    def stop(self, timeout_s: float) -> None:
        """Send SIGTERM, and after that time SIGKILL to whatever is left."""
        self.signal(signal.SIGTERM)
        if not self.wait(timeout_s):
            self.signal(signal.SIGKILL)


def _is_pending(pid: int, number: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    masks = [line.split()[1] for line in status.splitlines() if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(int(mask, 16) & 1 << (number - 1) for mask in masks)
