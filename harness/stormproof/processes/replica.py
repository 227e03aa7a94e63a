"""One copy of a component: started, checked for readiness, watched, and restarted if it has a supervisor."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

import httpx
import msgspec

from stormproof.errors import ComponentError, DescriptionError
from stormproof.history import Process, ProcessSample, ProcessWord
from stormproof.history.recorder import Recorder
from stormproof.processes.launcher import Launcher, Running
from stormproof.spec.system import System
from stormproof.spec.tables import Component
from stormproof.spec.templates import fill

_LOG_BYTES = 1 << 20
"""How much of its latest output is searched for the line that shows that it is ready."""


class Replica:
    """One copy of a component.

    `name` is the component's name, with `-2` and so on for further copies. `broken` is called with errors that no
    caller waits for. `probe_env` and `with_probe`: the environment and the command with which a worker loads its
    framework's probe.
    """

    def __init__(
        self,
        name: str,
        spec: Component,
        system: System,
        values: Mapping[str, str],
        *,
        launcher: Launcher,
        recorder: Recorder,
        http: httpx.AsyncClient,
        probe_env: Mapping[str, str],
        with_probe: Callable[[list[str]], list[str]] = list,
    ) -> None:
        self.name, self.spec = name, spec
        self.running: Running | None = None
        self.broken: Callable[[BaseException], None] = lambda error: None
        self._launcher, self._recorder, self._http = launcher, recorder, http
        self._output = launcher.output(name)
        self._expected: set[int] = set()
        self._ready_pid = 0
        self._started_t = 0.0
        self._log_offset = 0
        self._tasks: set[asyncio.Task[None]] = set()
        where = f"components.{name}"
        python = system.program(spec.python)
        known = {**values, "python": python, "probe": "stormproof_probe"}
        self._argv = [fill(word, known, f"{where}.command") for word in spec.command]
        self._argv[0] = system.program(self._argv[0])
        if spec.role == "worker":
            self._argv = with_probe(self._argv)
        own = {key: fill(value, known, f"env.{key}") for key, value in {**system.env, **spec.env}.items()}
        # Killed processes leave their temporary files behind; here they are removed with the run's own.
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": values["work"], **own}
        if spec.role == "worker":
            self._env |= {**probe_env, "STORMPROOF_COMPONENT": name}
            self._env["PYTHONPATH"] = os.pathsep.join(
                part
                for part in (probe_env["PYTHONPATH"], own.get("PYTHONPATH") or os.environ.get("PYTHONPATH"))
                if part
            )
        self._cwd = (system.folder / spec.cwd).resolve()
        self._refuse_what_is_not_there(where, python, system.folder)
        self.address = f"http://127.0.0.1:{known.get('port', '0')}"

    def _refuse_what_is_not_there(self, where: str, python: str, folder: Path) -> None:
        """Raise DescriptionError if the program, the interpreter or the folder is missing."""
        if not self._cwd.is_dir():
            raise DescriptionError(
                f"{where}.cwd: there is no folder {self._cwd}; it starts in the description's folder"
            )
        for key, program in (("python", python), ("command", self._argv[0])):
            if shutil.which(program, path=self._env.get("PATH", os.defpath)) is None:
                relative = f"a relative path starts in the description's folder, {folder.resolve()}"
                fix = relative if "/" in program else "name a program on PATH, or a path"
                raise DescriptionError(f"{where}.{key}: there is no program {program}; {fix}")

    @property
    def alive(self) -> bool:
        """Whether its main process is running."""
        return self.running is not None and self.running.alive

    @property
    def is_ready(self) -> bool:
        """Whether it is running and has reported that it is ready."""
        return self.alive and self._ready_pid == self.pid

    @property
    def pid(self) -> int:
        """The pid of its main process; 0 before the first start."""
        return self.running.pid if self.running else 0

    async def start(self) -> None:
        """Start it unless it is running. Does not wait until it is ready. Raises ComponentError."""
        if self.alive:
            return
        self._log_offset = self._output.size()
        self._started_t = self._recorder.now()
        running = await self._launcher.start(self.name, self._argv, env=self._env, cwd=self._cwd)
        self.running = running
        self._record("started", running)
        self._background(self._supervise(running))

    async def start_again(self) -> None:
        """Start it unless it is running, and record when it is ready, without waiting for that."""
        if not self.alive:
            await self.start()
            self._background(self._ready_again())

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.broken(error)

    def still_ready(self) -> None:
        """If it is ready, record that again, with its settings: for a history that begins here."""
        if self.is_ready and self.running is not None:
            if settings := self._recorder.picture.settings.get(self.name):
                self._recorder.add(msgspec.structs.replace(settings, t=self._recorder.now()))
            self._record("ready", self.running)

    async def ready(self) -> None:
        """Wait until it is ready. Raises ComponentError with the last lines of its output."""
        running, within_s = self.running, self.spec.ready.within_s
        deadline = self._recorder.now() + within_s
        while running is not None and running.alive and self._recorder.now() < deadline:
            if await self._says_ready():
                self._ready_pid = running.pid
                self._record("ready", running)
                return
            await asyncio.sleep(0.03)
        tail = self._output.tail()
        last = next((line for line in reversed(tail.splitlines()) if line.strip()), "no output")
        died = running is not None and not running.alive
        happened = (
            f"exited with {running.code} at start" if running and died else f"was not ready within {within_s:g} s"
        )
        raise ComponentError(f"{self.name}: {happened} ({shlex.join(self._argv[:6])} ...): {last.strip()[:200]}", tail)

    async def _says_ready(self) -> bool:
        wanted = self.spec.ready
        if wanted.http is not None:
            try:
                async with (
                    asyncio.timeout(2),
                    self._http.stream("GET", self.address + wanted.http, timeout=2) as answer,
                ):
                    return answer.status_code in wanted.accept
            except (httpx.HTTPError, TimeoutError):
                return False
        if wanted.log is not None:
            return re.search(wanted.log, self._output.last(_LOG_BYTES, self._log_offset)) is not None
        if self.spec.role == "worker":
            return self._recorder.picture.ready_at.get(self.name, -1.0) >= self._started_t
        return True

    def sample(self) -> ProcessSample | None:
        """The memory that it and all processes below it use now; None if it is not running."""
        if self.running is None or not self.alive:
            return None
        memory = self.running.memory()
        now = self._recorder.now()
        return ProcessSample(t=now, component=self.name, rss_bytes=sum(memory), processes=len(memory))

    def expect_exit(self) -> None:
        """Announce that the harness itself is about to end it, so that its exit is expected."""
        self._expected.add(self.pid)

    async def _supervise(self, running: Running) -> None:
        code = await running.exited()
        if self._launcher.over:
            return
        expected = running.pid in self._expected
        self._record("exited", running, code=code, expected=expected)
        if self.spec.restart == "always":
            await asyncio.sleep(self.spec.restart_delay_s)
            try:
                await self.start_again()
            except ComponentError:  # Its program is gone: no supervisor can help it.
                if not self._launcher.over:
                    self._record("gave_up", running, code=code)
        elif not expected:
            self._record("gave_up", running, code=code)

    async def _ready_again(self) -> None:
        try:
            await self.ready()
        except ComponentError:
            pass  # It died again, or is slow: the next exit, or the checks, will show it.

    def stop_watching(self) -> None:
        """Stop watching it: what happens from now on belongs to the end of the run."""
        for task in self._tasks:
            task.cancel()

    def _record(self, word: ProcessWord, running: Running, *, code: int = 0, expected: bool = False) -> None:
        self._recorder.add(
            Process(
                t=self._recorder.now(),
                component=self.name,
                role=self.spec.role,
                pid=running.pid,
                word=word,
                code=code,
                expected=expected,
            )
        )
