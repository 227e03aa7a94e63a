"""Where results are kept: a real Redis of our own, and fakeredis in this process. Both are reached by Celery's own backend."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fakeredis
import redis
from celery import Celery
from stormproof.brokers.redis.server import RedisServer, find_binary
from stormproof.processes.launcher import Launcher, Running
from stormproof.processes.ports import Ports
from stormproof.spec.tables import Redis

SERIALIZERS = ("json", "pickle", "yaml", "msgpack")
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
"""A backend's retries: its own twenty take twenty seconds, and find nothing else."""


@dataclass(frozen=True)
class Store:
    """One Redis. `connection` is what its clients are made with besides the URL."""

    name: str
    url: str
    connection: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def app(self, serializer: str, **conf: Any) -> Iterator[Celery]:
        """An application whose results are kept here, and read by `serializer`."""
        app = Celery("results", broker="memory://", backend=self.url, set_as_current=False)
        app.conf.update(
            result_serializer=serializer,
            accept_content=["json", serializer],
            result_accept_content=[serializer],
            result_backend_transport_options={"retry_policy": AT_ONCE},
        )
        app.conf.update(conf)
        app.backend.connparams.update(self.connection)
        try:
            yield app
        finally:
            # Results unsubscribe when they are collected, which may be after their server has gone.
            app.backend.result_consumer.cancel_for = lambda _: None
            app.backend.result_consumer.stop()
            app.backend.client.close()
            app.close()

    def client(self) -> redis.Redis:
        """A connection to it, for a look past the backend; to be closed."""
        if self.connection:
            return fakeredis.FakeRedis(**self.connection)
        return redis.Redis.from_url(self.url)


@contextmanager
def launched(folder: Path) -> Iterator[Callable[..., Running]]:
    """Yields what starts a process in `folder`: by a name, a command and an environment. They end with us in every ending."""
    with asyncio.Runner() as runner:
        launcher = Launcher(f"test-results-{os.getpid()}-{folder.name}", folder)
        runner.run(launcher.__aenter__())
        try:
            yield lambda name, command, env: runner.run(launcher.start(name, command, env=env, cwd=folder))
        finally:
            runner.run(launcher.stop())


@contextmanager
def real_redis(folder: Path, **config: str) -> Iterator[Store]:
    """A redis-server that ends with us in every ending; `config` are its directives, with `_` for `-`. Its log is in `folder`."""
    directives = {name.replace("_", "-"): value for name, value in config.items()} | {"save": ""}
    with contextlib.closing(Ports()) as ports, asyncio.Runner() as runner:
        launcher = Launcher(f"test-results-{os.getpid()}-{folder.name}", folder)
        spec = Redis.model_validate({"config": directives})
        server = RedisServer("results", spec, find_binary(), launcher, folder / "data", ports.free())
        runner.run(launcher.__aenter__())
        try:
            runner.run(server.start())
            yield Store("real", f"{server.url}/0")
        finally:
            runner.run(server.close())
            runner.run(launcher.stop())


@contextmanager
def fake_redis() -> Iterator[Store]:
    """fakeredis behind the pool of the backend's own client. (Its TCP server cannot send what is larger than a socket's buffer.)"""
    server = fakeredis.FakeServer(version=(6, 2))
    # Results that are collected while a command is under way unsubscribe there and then, in the same thread.
    server.lock = threading.RLock()
    connection = {"connection_class": fakeredis.FakeRedisConnection, "server": server}
    yield Store("fake", "redis://127.0.0.1:1/0", connection)
