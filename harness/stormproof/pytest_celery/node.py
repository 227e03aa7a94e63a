"""One node, which replaces docker-py's `Container`. Its names and values are docker-py's, as far as pytest_docker_tools and
pytest-celery use them.
"""

from __future__ import annotations

import io
import os
import secrets
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from docker.errors import APIError

from stormproof.errors import NotSupportedError
from stormproof.processes.launcher import dying_with_us
from stormproof.pytest_celery import listening, private_tmp
from stormproof.pytest_celery.host import Host
from stormproof.pytest_celery.main_process import MARK, MainProcess
from stormproof.pytest_celery.options import Options, words
from stormproof.pytest_celery.programs import Program
from stormproof.pytest_celery.shared import Partial

CALL_S = 0.3
"""What Docker's daemon takes to come to it. Suites send tasks, and kill or restart at once: the tasks are to have arrived by then. Others ask
again and again what runs in a container, and count their patience in calls.
"""
_SOCKETS = ["cat", "/proc/net/tcp", "/proc/net/tcp6"]
"""How pytest_docker_tools asks whether a port is listened on."""


class ExecResult(NamedTuple):
    """As docker-py answers `exec_run`."""

    exit_code: int
    output: bytes


class Node(Partial):
    """A program at its own address."""

    def __init__(self, options: Options, program: Program, host: Host) -> None:
        self.options = options
        self.place = host.place(options, program)
        self.id = self.place.address + secrets.token_hex(32)[: 64 - len(self.place.address)]
        self.name = options.name or f"node-{self.place.address}"
        self._program = program
        self._host = host
        self._main: MainProcess | None = None
        self._removed = False
        self.place.tmp.mkdir(parents=True)
        self.place.data.mkdir()

    @property
    def short_id(self) -> str:
        """The first 12 characters: the address."""
        return self.id[:12]

    @property
    def labels(self) -> dict[str, str]:
        """The labels as they were given."""
        return dict(self.options.labels)

    @property
    def status(self) -> str:
        """`created`, `running`, `exited` or `removed`; always current."""
        if self._removed:
            return "removed"
        if self._main is None:
            return "created"
        return "running" if self._main.alive else "exited"

    @property
    def attrs(self) -> dict[str, Any]:
        """What `docker inspect` would say, in part."""
        published = {
            f"{native}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]
            for native, port in self.place.published.items()
        }
        mounts = [
            {"Type": "volume" if bind in self.options.volumes else "bind", "Name": self.options.volumes.get(bind, ""),
             "Source": str(source), "Destination": bind}
            for bind, source in self.options.binds.items()
        ]  # fmt: skip
        return {
            "Id": self.id,
            "Name": f"/{self.name}",
            "Config": {
                "Hostname": self.place.address,
                "Env": [f"{name}={value}" for name, value in self.options.environment.items()],
                "Labels": self.labels,
                "Image": self.options.image,
            },
            "State": {
                "Status": self.status,
                "Running": self.status == "running",
                "ExitCode": self._main.code if self._main else 0,
            },
            "HostConfig": {"PortBindings": published},
            "NetworkSettings": {
                "Networks": {self.options.network or "bridge": {"IPAddress": self.place.address}},
                "Ports": published,
            },
            "Mounts": mounts,
        }

    def reload(self) -> None:
        """Do nothing: a node's values are always current."""

    def start(self) -> None:
        """Start the program, unless it is running. Raises NotSupportedError or ComponentError."""
        if self.status == "running":
            return
        argv = [self.place.text(word) for word in self._program.argv(self.options.command, self.place)]
        self._main = MainProcess(
            argv,
            node=self.id,
            env=self._environ(),
            cwd=self._home,
            log=self.place.folder / "log",
            before=self._before(),
        )
        self._host.started(self.place, self._main.pid)

    def _environ(self) -> dict[str, str]:
        path = [*map(str, self._program.path), os.environ.get("PATH", os.defpath)]
        own = {"HOME": str(self.place.folder), "HOSTNAME": self.place.address, "LANG": "C.UTF-8"}
        if not private_tmp.available():
            own["TMPDIR"] = str(self.place.tmp)
        asked = {name: self.place.text(value) for name, value in self.options.environment.items()}
        return {**own, **self._host.env, **self._program.environ(self.place), **asked, "PATH": ":".join(path)}

    @property
    def _home(self) -> Path:
        return self.options.binds.get(self._program.home or "", self.place.data)

    def _before(self) -> Callable[[], None]:
        die = dying_with_us()
        kept = [self.place.folder, *self.options.binds.values(), *self._program.kept]
        enter = private_tmp.entering(self.place.tmp, kept) if private_tmp.available() else None
        cpus = self.options.cpus

        def before() -> None:
            die()
            if enter:
                enter()
            if cpus:
                os.sched_setaffinity(0, cpus)

        return before

    def _running(self) -> MainProcess:
        if self._main is None or not self._main.alive:
            raise APIError(f"container {self.name} is not running")
        return self._main

    def kill(self, signal: str | int | None = None) -> None:
        """Send SIGKILL to every process of the node, or another signal to its main process. Raises APIError if nothing runs."""
        main = self._running()
        time.sleep(CALL_S)
        main.signal(_number(signal or "SIGKILL"))
        self._tell_if_over()

    def _tell_if_over(self) -> None:
        if self.status == "exited":
            self._host.stopped(self.place)

    def stop(self, timeout: float = 10) -> None:
        """Send SIGTERM, and after that time SIGKILL."""
        if self._main is not None:
            time.sleep(CALL_S)
            self._main.stop(timeout)
            self._tell_if_over()

    def restart(self, timeout: float = 10) -> None:
        """Stop and start the node. Its folder is kept."""
        if self.status == "running":
            self.stop(timeout)
        self.start()

    def wait(self, timeout: float | None = None) -> dict[str, int]:
        """Wait until the node has ended."""
        if self._main is not None:
            self._main.wait(timeout)
            self._tell_if_over()
        return {"StatusCode": self._main.code if self._main else 0}

    def remove(self, force: bool = False, v: bool = False) -> None:
        """Stop and remove the node. Raises APIError if it runs and `force` is not given."""
        if self.status == "running" and not force:
            raise APIError(f"container {self.name} is running; stop it before it is removed")
        if self._main is not None and self._main.alive:
            self._main.signal(signal.SIGKILL)
        self._host.removed(self.place)
        self._removed = True

    def logs(self) -> bytes:
        """Return the output since the last start. An earlier start's banner would wrongly indicate that the node is ready."""
        if self._main is None:
            return b""
        with (self.place.folder / "log").open("rb") as log:
            log.seek(self._main.log_start)
            return log.read()

    def exec_run(
        self,
        cmd: str | Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        workdir: str | None = None,
        **others: Any,
    ) -> ExecResult:
        """Run a command in the node's place and environment. Raises APIError if the node does not run, NotSupportedError."""
        self._running()
        if any(others.values()):
            raise NotSupportedError(f"exec_run({', '.join(others)}=...) has no equal among processes")
        argv = words(cmd)
        if argv == _SOCKETS:
            return ExecResult(0, listening.sockets_of(self.place.address))
        done = subprocess.run(
            self._program.inside(argv, self.place),
            env={**self._environ(), **(environment or {}), MARK: self.id},
            cwd=self.place.path(workdir) if workdir else self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=self._before(),
            check=False,
        )
        return ExecResult(done.returncode, done.stdout)

    @property
    def pids(self) -> list[int]:
        """All live processes of the node, on this machine."""
        return self._running().pids

    def put_archive(self, path: str, data: Any) -> bool:
        """Unpack a tar file at a path of the node."""
        source = io.BytesIO(data) if isinstance(data, bytes) else data
        with tarfile.open(fileobj=source) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 and later.
            archive.extractall(self.place.path(path))  # noqa: S202 - the suite's own.
        return True

    def get_archive(self, path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        """Return the content of a path of the node as a tar file."""
        found = self.place.path(path)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(found, arcname=Path(path).name)
        return iter([packed.getvalue()]), {"name": Path(path).name, "size": len(packed.getvalue())}


def _number(name: str | int) -> int:
    if isinstance(name, int):
        return name
    return int(signal.Signals[name if name.startswith("SIG") else f"SIG{name}"])
