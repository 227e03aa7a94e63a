"""The kit for servers, with real ones: Redis passes, and each planted mistake is named."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import pytest
import redis
from stormproof.brokers.broker import Broker, Depth
from stormproof.brokers.redis.broker import RedisBroker
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.brokers.redis.resp import RespParser
from stormproof.brokers.redis.server import RedisServer, find_binary
from stormproof.history import Sample
from stormproof.processes.launcher import Launcher
from stormproof.spec.tables import Binary, Redis, Store
from stormproof.testing import check_server
from stormproof.wire.codec import Part, Piece

TABLE = Redis(append_only=True, config={"appendfsync": ("always",)})


def talk(url: str) -> object:
    with redis.Redis.from_url(url, socket_timeout=3) as client:
        return client.set("talk", "1"), client.get("talk"), client.delete("talk")


def keep(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=3) as client:
        client.set("kept", "1")


def kept(url: str) -> bool:
    with redis.Redis.from_url(url, socket_timeout=3) as client:
        return bool(client.exists("kept"))


def check(broker: Broker, table: Redis = TABLE) -> None:
    check_server(broker, table, talk=talk, keep=keep, kept=kept)


def test_redis_is_a_server() -> None:
    check(RedisBroker())


def test_redis_with_a_login_is_a_server() -> None:
    check(RedisBroker(), TABLE.model_copy(update={"config": {**TABLE.config, "requirepass": ('"a b"',)}}))


class Careless(RedisServer):
    """Makes itself, as a broker does."""

    Table: ClassVar[type[Store]] = Redis

    def __init__(self) -> None:
        pass

    def find(self) -> Binary:
        return find_binary()

    def server(
        self, name: str, spec: Redis, launcher: Launcher, folder: Path, port: int, binary: Binary | None
    ) -> RedisServer:
        made = type(self)()
        RedisServer.__init__(made, name, spec, binary or find_binary(), launcher, folder, port)
        return made


class KeepsWhatItShouldForget(Careless):
    def forget_data(self) -> None:
        """Only the file of settings goes."""
        (self._folder / "redis.conf").unlink(missing_ok=True)


class LosesWhatItKept(Careless):
    async def start(self, listening: Callable[[], Awaitable[None]] | None = None) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        await super().start(listening)


class AlwaysUp(Careless):
    async def sample(self, t: float, depth: Depth | None) -> Sample:
        return Sample(t=t, store=self.name, up=self.running is not None)


class NeverListens(Careless):
    async def start(self, listening: Callable[[], Awaitable[None]] | None = None) -> None:
        await super().start()


class EmptiesNothing(Careless):
    async def empty(self) -> None:
        return


class LeadsPastItsLink(Careless):
    def url_for_system(self, port: int) -> str:
        return super().url_for_system(self.port)


class SpeaksAnotherProtocol(Careless):
    async def start(self, listening: Callable[[], Awaitable[None]] | None = None) -> None:
        class Parser(RespParser):
            def is_one_frame(self, data: bytes) -> bool:
                return False

            def feed(self, data: bytes) -> list[Piece]:
                self.opaque = "no line of mine"
                return [Piece(data, Part.OPAQUE)]

        class Codec(RedisCodec):
            def parser(self, *, requests: bool) -> RespParser:
                return Parser(requests=requests)

        self.codec = Codec()
        await super().start(listening)


@pytest.mark.parametrize(
    ("broker", "sentence"),
    [
        (KeepsWhatItShouldForget(), "^after forget_data it comes back with what it had kept$"),
        (LosesWhatItKept(), "^after SIGKILL and start it has lost what it kept$"),
        (AlwaysUp(), "^a sample does not have the queued and unacked that `depth` returns$"),
        (NeverListens(), "^start calls `listening` 0 times, and should once$"),
        (EmptiesNothing(), "^after `empty` it still has what it kept$"),
        (LeadsPastItsLink(), "^url_for_system\\(45678\\) does not lead there"),
        (SpeaksAnotherProtocol(), "^its codec does not understand what talk exchanges: .*no line of mine"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Careless) else "",
)
def test_a_server_with_a_mistake_is_told_which(broker: Broker, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check(broker)


def test_a_table_that_keeps_nothing_is_told() -> None:
    with pytest.raises(AssertionError, match="after SIGKILL and start it has lost what it kept"):
        check(RedisBroker(), Redis())
