"""Proves a `Broker` and its `Server`: it starts, it is seen to be gone, and it comes back with what it kept, or without."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from stormproof.brokers.broker import Broker, Server
from stormproof.errors import UnreachableError
from stormproof.history import Sample
from stormproof.processes.launcher import Launcher, Running, is_running
from stormproof.processes.ports import Ports, is_free
from stormproof.spec.tables import Binary, Store
from stormproof.spec.trigger import Moment
from stormproof.testing.claims import claim, eventually, raising_nothing
from stormproof.wire.server import Link

NAME = "conformance"
_SOON_S = 3.0
"""A sample of a server that does not answer is there by then: one is taken ten times a second."""

Talk = Callable[[str], object]


def check_server(
    broker: Broker,
    table: Store,
    *,
    talk: Talk,
    keep: Callable[[str], object],
    kept: Callable[[str], bool],
    binary: Binary | None = None,
    within_s: float = 20.0,
) -> None:
    """Prove a kind of server with one that is described by `table`, with which it keeps on disk what it is told at once.

    The three functions are given what `{KIND.NAME.url}` stands for, block, and are called in a thread. `talk` does one harmless exchange
    and returns what it got, each time the same. `keep` has the server keep something; `kept` says whether it is there. Call it where no event loop
    runs. Raises AssertionError.
    """
    claim(
        isinstance(table, broker.Table),
        f"the table is a {type(table).__name__}, and not the broker's {broker.Table.__name__}",
    )
    with raising_nothing("find"):
        found = broker.find()
    claim(found.path and found.version, f"find returns a program without path or version: {found}")
    asyncio.run(_check(broker, table, (talk, keep, kept), binary, within_s))


async def _check(
    broker: Broker,
    table: Store,
    functions: tuple[Talk, Talk, Callable[[str], bool]],
    binary: Binary | None,
    within_s: float,
) -> None:
    with closing(Ports()) as ports:
        await _check_on(ports, broker, table, functions, binary, within_s)


async def _check_on(
    ports: Ports,
    broker: Broker,
    table: Store,
    functions: tuple[Talk, Talk, Callable[[str], bool]],
    binary: Binary | None,
    within_s: float,
) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder, "logs")
        logs.mkdir()
        port = ports.free()
        async with Launcher(f"stormproof-testing-{os.getpid()}-{secrets.token_hex(4)}", logs) as launcher:
            server = broker.server(NAME, table, launcher, Path(folder, "data"), port, binary)
            life = _Life(server, *functions, within_s)
            try:
                life.names(table, port)
                await life.starts()
                await life.passes_a_link(ports.free())
                await life.freezes()
                await life.dies_and_comes_back()
                await life.forgets()
            finally:
                await life.closes()
        left = [process.pid for process in psutil.Process().children(recursive=True) if process.pid not in before]
        claim(not [pid for pid in (*left, *life.pids) if is_running(pid)], f"a process is left running: {left}")
        claim(is_free(port), f"port {port} is still taken after the end")


class _Life:
    """One server, from its first start to its end. `pids`: of all that it started."""

    def __init__(self, server: Server, talk: Talk, keep: Talk, kept: Callable[[str], bool], within_s: float) -> None:
        self._server, self._talk, self._keep, self._kept, self._within_s = server, talk, keep, kept, within_s
        self.pids: set[int] = set()

    @property
    def _url(self) -> str:
        return self._server.url_for_system(self._server.port)

    def names(self, table: Store, port: int) -> None:
        """What it is called, before it has started."""
        server, component = self._server, f"{table.kind}.{NAME}"
        claim(
            server.component == component, f"component is {server.component!r}, and should be KIND.NAME, {component!r}"
        )
        claim(server.name == NAME, f"name is {server.name!r}, and should be {NAME!r}")
        claim(server.spec == table, "spec is not the table of the description")
        claim(server.port == port, f"port is {server.port}, and it was given {port}")
        claim(server.running is None, "it runs before it has been started")
        claim(
            "45678" in server.url_for_system(45678),
            f"url_for_system(45678) does not lead there: {server.url_for_system(45678)}",
        )

    async def starts(self) -> None:
        """It starts, says once that it listens, and answers."""
        claim(not (await self._sample()).up, "a sample says up before it has started")
        await self._started()
        up = await self._up()
        claim(up, "it has started, and a sample does not say up")
        await self._call(self._talk, self._url, "talk")

        async def depth() -> tuple[int, int]:
            return 3, 2

        async def unreachable() -> tuple[int, int]:
            raise UnreachableError("not now")

        sample = await self._server.sample(7.5, depth)
        claim(
            (sample.t, sample.store) == (7.5, NAME),
            f"a sample is of {sample.store!r} at {sample.t}, and not of {NAME!r} at 7.5",
        )
        claim(
            (sample.queued, sample.unacked) == (3, 2),
            "a sample does not have the queued and unacked that `depth` returns",
        )
        with raising_nothing("sample, where `depth` raises UnreachableError,"):
            blind = await self._server.sample(0.0, unreachable)
        claim(
            not blind.up, "a sample says up where `depth` raises UnreachableError: its zeros would count as no messages"
        )

    async def passes_a_link(self, port: int) -> None:
        """An exchange through a link is the one without it, and its frames are understood."""
        direct = await self._call(self._talk, self._url, "talk")
        for watched in (False, True):
            seen, noticed, through = await self._through_a_link(port, watched=watched)
            claim(through == direct, f"through a link, talk gets {through!r}, and without it {direct!r}")
            claim(not noticed, f"its codec does not understand what talk exchanges: {noticed[:1]}")
        claim(
            any(moment.direction == "reply" for moment in seen),
            "its codec pairs no reply of what talk exchanges with a request",
        )
        claim(all(moment.command for moment in seen), "its codec gives a frame of what talk exchanges no name")

    async def _through_a_link(self, port: int, *, watched: bool) -> tuple[list[Moment], list[str], object]:
        """The frames that somebody watched, what the link did not understand, and what was got."""
        server = self._server
        seen: list[Moment] = []
        noticed: list[str] = []
        link = Link("client", "client", server.name, port, server.port, server.codec)
        link.rules.notice = noticed.append
        if watched:
            link.rules.observe(lambda moment, fate, injection: seen.append(moment))
        await link.open()
        try:
            got = await self._call(self._talk, server.url_for_system(port), "talk, through a link,")
        finally:
            await link.close()
        return seen, noticed, got

    async def freezes(self) -> None:
        """A frozen server is seen to be down, soon."""
        running = self._running()
        running.signal_tree(signal.SIGSTOP)
        began = time.monotonic()
        try:
            sample = await self._sample()
        finally:
            running.signal_tree(signal.SIGCONT)
        claim(not sample.up, "a sample says up while the server is frozen")
        claim(time.monotonic() - began < _SOON_S, f"a sample of a frozen server takes longer than {_SOON_S:g} s")
        claim(await self._up(), "when it is frozen no more, a sample does not say up")

    async def dies_and_comes_back(self) -> None:
        """A killed server is seen to be down, and comes back with what it kept."""
        await self._call(self._keep, self._url, "keep")
        claim(await self._call(self._kept, self._url, "kept"), "what was kept is not there at once")
        await self._killed()
        await self._started()
        claim(await self._up(), "after SIGKILL and start, a sample does not say up")
        await self._call(self._talk, self._url, "talk, after SIGKILL and start,")
        claim(await self._call(self._kept, self._url, "kept"), "after SIGKILL and start it has lost what it kept")
        await self._server.empty()
        claim(not await self._call(self._kept, self._url, "kept"), "after `empty` it still has what it kept")

    async def forgets(self) -> None:
        """After `forget_data` it comes back empty."""
        await self._call(self._keep, self._url, "keep")
        await self._killed()
        with raising_nothing("forget_data"):
            self._server.forget_data()
        await self._started()
        claim(
            not await self._call(self._kept, self._url, "kept"), "after forget_data it comes back with what it had kept"
        )
        with raising_nothing("forget_data"):
            await self._killed()
            self._server.forget_data()
            self._server.forget_data()

    async def closes(self) -> None:
        """Its own connections are closed, also where it is gone."""
        self._note()
        with raising_nothing("close"):
            async with asyncio.timeout(_SOON_S):
                await self._server.close()

    async def _started(self) -> None:
        listens: list[bool] = []

        async def listening() -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
            writer.close()
            listens.append(True)

        with raising_nothing("start"):
            async with asyncio.timeout(self._within_s):
                await self._server.start(listening)
        claim(self._running().alive, "it has started, and `running` is not alive")
        claim(len(listens) == 1, f"start calls `listening` {len(listens)} times, and should once")
        self._note()

    async def _killed(self) -> None:
        running = self._running()
        self._note()
        running.signal_tree(signal.SIGKILL)
        await running.exited()
        began = time.monotonic()
        claim(not (await self._sample()).up, "a sample says up after SIGKILL")
        claim(time.monotonic() - began < _SOON_S, f"a sample of a killed server takes longer than {_SOON_S:g} s")
        left = [pid for pid in self.pids if is_running(pid)]
        claim(not left, f"SIGKILL of its tree leaves processes: {left}")

    async def _up(self) -> bool:
        return (await eventually(self._sample, lambda sample: sample.up, self._within_s))[0]

    async def _sample(self) -> Sample:
        with raising_nothing("sample"):
            return await self._server.sample(0.0, None)

    def _running(self) -> Running:
        running = self._server.running
        if running is None:
            raise AssertionError("it has started, and `running` is None")
        return running

    def _note(self) -> None:
        running = self._server.running
        if running is not None and running.alive:
            self.pids |= {running.pid, *(process.pid for process in running.descendants())}

    async def _call(self, function: Callable[[str], object], url: str, what: str) -> object:
        with raising_nothing(what):
            async with asyncio.timeout(self._within_s):
                return await asyncio.to_thread(function, url)


if TYPE_CHECKING:
    from stormproof.brokers.redis.broker import RedisBroker
    from stormproof.brokers.redis.server import RedisServer

    _redis: type[Broker] = RedisBroker
    _server: type[Server] = RedisServer
