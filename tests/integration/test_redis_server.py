"""A real Redis of our own: found, started, observed, and gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
import redis.asyncio
from redis.exceptions import AuthenticationError
from stormproof.brokers.redis.server import RedisServer, find_binary
from stormproof.errors import ComponentError, UsageError
from stormproof.frameworks.celery.events import CeleryEventsListener
from stormproof.frameworks.celery.on_redis.deliveries import Deliveries
from stormproof.frameworks.celery.on_redis.messages import KombuMessages
from stormproof.processes.launcher import Launcher
from stormproof.processes.ports import Ports
from stormproof.spec.tables import Redis

PLAIN = Redis()


def broker_of(server: RedisServer) -> KombuMessages:
    return KombuMessages(server, ("celery",), Deliveries(cast("Any", None)), {}, ())


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
        assert not (await server.sample(0, None)).up
        server.running.signal(signal.SIGCONT)

    with_server(tmp_path, story)


@pytest.mark.parametrize(
    ("config", "told", "user", "password"),
    [
        ({"requirepass": "s3/cr@t"}, ":s3%2Fcr%40t@", "default", "s3/cr@t"),
        ({"requirepass": '"two words"'}, ":two%20words@", "default", "two words"),
        ({"user": ["default off", "app on >pw ~* &* +@all"]}, "", "app", "pw"),
        ({"REQUIREPASS": "x", "user": "app on >pw ~* &* +@all"}, ":x@", "app", "pw"),
    ],
)
def test_the_harness_logs_in_wherever_clients_must(
    tmp_path: Path, config: dict[str, Any], told: str, user: str, password: str
) -> None:
    async def story(server: RedisServer) -> None:
        assert server.url_for_system(7) == f"redis://{told}127.0.0.1:7"
        await server.client.lpush("celery", "a")
        broker = broker_of(server)
        assert (await server.sample(0, broker.depth)).queued == 1
        assert (await server.info("server"))["tcp_port"] == server.port
        await server.overwrite("x", b"y")
        connection = broker.celery().connection_for_read()
        assert connection.default_channel.client.ping()
        connection.release()
        async with redis.asyncio.Redis(port=server.port, username=user, password=password) as client:
            assert await client.ping()
        async with redis.asyncio.Redis(port=server.port) as client:
            with pytest.raises(AuthenticationError):
                await client.ping()
        await server.empty()
        assert await server.client.dbsize() == 0

    with_server(tmp_path, story, Redis.model_validate({"config": config}))


def test_celerys_events_are_heard_behind_a_password(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        listener = CeleryEventsListener(broker_of(server).celery, lambda event: None, 0.0)
        listener.start()
        assert await asyncio.to_thread(listener.wait_connected, 10.0)
        await asyncio.to_thread(listener.stop)

    with_server(tmp_path, story, Redis.model_validate({"config": {"requirepass": "secret"}}))


def test_directives_of_several_words_and_lines_are_taken_as_in_redis_conf(tmp_path: Path) -> None:
    config = {
        "client-output-buffer-limit": "pubsub 0 0 0",
        "save": ["900 1", "60 1000"],
        "hz": 20,
        "activerehashing": False,
    }

    async def story(server: RedisServer) -> None:
        found = await server.client.config_get("*")
        assert found["client-output-buffer-limit"].endswith("pubsub 0 0 0")
        assert (found["save"], found["hz"], found["activerehashing"]) == ("900 1 60 1000", "20", "no")

    with_server(tmp_path, story, Redis.model_validate({"config": config}))


def test_an_empty_value_is_empty(tmp_path: Path) -> None:
    async def story(server: RedisServer) -> None:
        assert await server.client.config_get("save") == {"save": ""}

    with_server(tmp_path, story, Redis.model_validate({"config": {"save": ""}}))


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

    with pytest.raises(ComponentError, match=r"did not answer on port \d+: >>> 'no-such-directive 1': Bad directive"):
        with_server(tmp_path, story, Redis.model_validate({"config": {"no-such-directive": "1"}}))


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
