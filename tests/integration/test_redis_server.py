"""A real Redis of our own: found, started, observed, and gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from stormproof.broker import sample
from stormproof.errors import ComponentError, UsageError
from stormproof.ports import Ports
from stormproof.processes import Launcher
from stormproof.redis_server import RedisServer, find_binary
from stormproof.system import Redis

PLAIN = Redis()


def with_server(tmp_path: Path, story: Callable[[RedisServer], Awaitable[None]], spec: Redis = PLAIN) -> None:
    async def run() -> None:
        with contextlib.closing(Ports()) as ports:
            async with Launcher(f"test-redis-{os.getpid()}", tmp_path) as launcher:
                server = RedisServer("broker", spec, find_binary(), launcher, tmp_path / "data", ports.free())
                try:
                    await server.start()
                    await story(server)
                finally:
                    await server.close()

    asyncio.run(run())


def test_a_frozen_server_is_not_up(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        assert server.running is not None
        server.running.signal(signal.SIGSTOP)
        assert not (await sample(server, None, 0)).up
        server.running.signal(signal.SIGCONT)

    with_server(tmp_path, story)


@pytest.mark.parametrize(("append_only", "kept"), [(True, b"1"), (False, None)])
def test_what_survives_a_kill_is_what_the_configuration_says(
    tmp_path: Path, append_only: bool, kept: bytes | None
) -> None:
    async def story(server: RedisServer) -> None:
        await server.client.set("x", "1")
        assert server.running is not None
        server.running.signal(signal.SIGKILL)
        await server.running.exited()
        await server.start()
        assert await server.client.get("x") == kept

    with_server(tmp_path, story, Redis(append_only=append_only))


def test_a_wrong_directive_is_told_with_the_servers_own_words(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        raise AssertionError("it must not have started")

    with pytest.raises(ComponentError, match=r"redis\.broker: did not answer on port \d+"):
        with_server(tmp_path, story, Redis(config={"no-such-directive": "1"}))


def test_a_named_binary_that_is_no_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPROOF_REDIS", "/nowhere/redis-server")
    with pytest.raises(UsageError, match="STORMPROOF_REDIS names '/nowhere/redis-server', which is not a program"):
        find_binary()


def test_without_any_redis_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORMPROOF_REDIS", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="no redis-server found; install one"):
        find_binary()


def test_a_stored_value_is_overwritten_in_whichever_database_has_it(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        await server.client.execute_command("SELECT", 0)
        async with server.client.client() as connection:
            await connection.execute_command("SELECT", 1)
            await connection.set("result", "four")
        assert await server.overwrite("result", b"xx") == 4
        assert await server.overwrite("missing", b"xx") == 0

    with_server(tmp_path, story)
