"""The system's processes: each started in its own session, watched, and always ended, however the run ends.

Two things end them if the harness dies: the kernel (PDEATHSIG, for the processes that the harness itself started) and
the reaper (for all processes below them).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from stormproof.errors import ComponentError, RunFolderError, exhausted
from stormproof.processes import machine, reaper
from stormproof.processes.output import Output

_PR_SET_PDEATHSIG = 1
_HEARD_WITHIN_S = 2.0
_LIBC = ctypes.CDLL(None, use_errno=True)


class Running:
    """One process that the harness started, with all processes below it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @property
    def code(self) -> int | None:
        """Its exit code (negative: killed by that signal), or None while it runs."""
        return self._process.returncode

    @property
    def alive(self) -> bool:
        """Whether the process itself still runs (a paused one does)."""
        return self._process.returncode is None

    async def exited(self) -> int:
        """Wait for the end of the process itself."""
        return await self._process.wait()

    def descendants(self) -> list[psutil.Process]:
        """All live processes below it."""
        try:
            found: list[psutil.Process] = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return found

    def memory(self) -> list[int]:
        """Resident bytes of it and of each process below it."""
        found = []
        for pid in [self.pid, *(process.pid for process in self.descendants())]:
            try:
                found.append(int(psutil.Process(pid).memory_info().rss))
            except psutil.Error:
                continue
        return found

    def signal(self, number: int) -> None:
        """Signal only the process itself; does nothing if it is gone."""
        if self.alive:
            self._process.send_signal(number)

    def signal_tree(self, number: int) -> None:
        """Signal the process and all processes in its group and below it."""
        below = self.descendants()
        for pid in [self.pid, *(process.pid for process in below)] if self.alive else []:
            _signal(pid, number)
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def is_running(pid: int) -> bool:
    """Whether a process exists and is more than a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def cpu_waited_s() -> float | None:
    """Seconds for which some process of this machine has waited for a processor; None if the kernel does not count
    them.
    """
    try:
        some = Path("/proc/pressure/cpu").read_text().splitlines()[0]
    except OSError:
        return None
    return int(some.rpartition("total=")[2]) / 1e6


def dying_with_us() -> Callable[[], None]:
    """A function for a child to call before its program starts, so that it dies with the thread that started it."""
    parent = os.getpid()

    def die_with_us() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return die_with_us


class Reaper:
    """The harness's end of the pipe to the process that ends what is left if the harness dies."""

    def __init__(self, run: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(reaper.__file__)), run],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
        )

    def own_session(self, pid: int) -> None:
        """Have the reaper end the session that this process leads."""
        self._tell(f"session {pid} {reaper.start_time(pid) or 0}")

    def own_folder(self, folder: Path) -> None:
        """Have the reaper remove this folder."""
        self._tell(f"folder {folder}")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Have the reaper end everything now."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait(self) -> None:
        """Wait until it has ended everything."""
        self._process.wait()


class Launcher:
    """Starts processes for one run and ends them all. Use as an async context manager."""

    def __init__(self, run: str, logs: Path) -> None:
        self.run = run
        self.logs = logs
        self._outputs: dict[str, Output] = {}
        self._reaper: Reaper | None = None
        self._started: list[Running] = []
        self.over = False
        _LAUNCHERS.add(self)

    async def __aenter__(self) -> Launcher:
        self._reaper = Reaper(self.run)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End everything that was started, now; returns when it is gone."""
        self.end()
        if self._reaper is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._reaper.wait)
        # They are gone. The event loop learns of it a little later, and must not be closed before.
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(running.exited() for running in self._started)), _HEARD_WITHIN_S)
        for output in self._outputs.values():
            output.shorten()

    def end(self) -> None:
        """Have everything ended, without waiting for it; nothing can be started from now on."""
        self.over = True
        if self._reaper is not None:
            self._reaper.end()

    def own_folder(self, folder: Path) -> None:
        """Have this folder removed at the end, however the run ends."""
        self._told_to_go_on().own_folder(folder)

    async def start(self, name: str, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Running:
        """Start a process whose output goes to `logs/<name>.log`. Raises ComponentError if it cannot be started,
        RunFolderError if its output cannot be kept.
        """
        self._told_to_go_on()
        with self._log(name) as log:
            machine.check()  # If a process cannot be started for lack of descriptors, uvloop prints more than one line.
            try:
                process = await asyncio.create_subprocess_exec(
                    *argv,
                    env={**env, reaper.MARK: self.run},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=dying_with_us(),
                )
            except OSError as error:
                what = argv[0] if cwd.is_dir() else str(cwd)
                raise exhausted(error) or ComponentError(f"{name}: cannot start {what!r}: {error.strerror}") from error
        running = Running(process)
        self._started.append(running)
        if self.over:
            # The launcher was ended while this process was starting: the reaper may have looked for the last time.
            running.signal_tree(signal.SIGKILL)
            await running.exited()
        self._told_to_go_on().own_session(process.pid)
        return running

    def _log(self, name: str) -> IO[bytes]:
        path = self.output(name).path
        try:
            return path.open("ab")
        except OSError as error:
            raise exhausted(error) or RunFolderError(f"{path}: cannot be written: {error.strerror}") from error

    def output(self, name: str) -> Output:
        """The output of a component."""
        return self._outputs.setdefault(name, Output(self.logs / f"{name}.log"))

    def bound_outputs(self) -> None:
        """Keep the output of all components within its size limit."""
        for output in self._outputs.values():
            output.bound()

    def _told_to_go_on(self) -> Reaper:
        if self.over or self._reaper is None:
            raise ComponentError("the run is over; nothing more is started")
        return self._reaper


_LAUNCHERS: weakref.WeakSet[Launcher] = weakref.WeakSet()


def end_all() -> None:
    """End everything that the launchers of this harness have started. A user who stops a harness does not wait for its
    faults to be healed.
    """
    for launcher in _LAUNCHERS:
        launcher.end()
