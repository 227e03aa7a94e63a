"""A real Redis, which all tests of this folder share, and a fake of nothing: RQ itself writes what is looked at."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
import redis.asyncio
from redis import Redis
from stormproof.brokers.redis.server import find_binary


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [find_binary().path, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=tmp_path_factory.mktemp("redis"), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        with socket.socket() as client:
            while client.connect_ex(("127.0.0.1", port)) != 0:
                assert time.monotonic() < deadline, "redis does not answer"
                time.sleep(0.02)
        yield port
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def connection(redis_port: int) -> Iterator[Redis]:
    """A client of its database 0; all of it is empty when a test begins."""
    with Redis(port=redis_port) as client:
        client.flushall()
        yield client


class Server:
    """A real Redis, asked by clients that live as long as one question."""

    name = "broker"

    def __init__(self, port: int) -> None:
        self.port = port
        self._clients: dict[int, redis.asyncio.Redis] = {}

    def at(self, database: int) -> redis.asyncio.Redis:
        if database not in self._clients:
            self._clients[database] = redis.asyncio.Redis(port=self.port, db=database)
        return self._clients[database]

    def url_of(self, database: int) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    async def databases(self) -> list[int]:
        return [int(name.removeprefix("db")) for name in await self.at(0).info("keyspace")]

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


@pytest.fixture
def server(redis_port: int, connection: Redis) -> Server:
    """The same, as messages ask it; a test that waits closes it before its loop ends."""
    return Server(redis_port)
