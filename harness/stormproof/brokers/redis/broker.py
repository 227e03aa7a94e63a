"""Redis as a kind of server that a description can name."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from stormproof.brokers.redis.server import RedisServer, find_binary
from stormproof.processes.launcher import Launcher
from stormproof.spec.tables import Binary, Redis, Store


class RedisBroker:
    """Makes Redis servers."""

    Table: ClassVar[type[Store]] = Redis

    def find(self) -> Binary:
        """`redis-server` or `valkey-server`. Raises UsageError."""
        return find_binary()

    def server(
        self, name: str, spec: Redis, launcher: Launcher, folder: Path, port: int, binary: Binary | None
    ) -> RedisServer:
        """Make a server. Raises UsageError if this machine has no redis-server."""
        return RedisServer(name, spec, binary or find_binary(), launcher, folder, port)
