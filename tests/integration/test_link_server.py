"""A link with real sockets before a real Redis: what a client meets when it is refused, reset, cut off, delayed, lied to."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import select
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import redis.asyncio
import uvloop
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ExecAbortError, InvalidResponse, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.brokers.redis.faults import ErrorReply
from stormproof.brokers.redis.server import RedisServer, find_binary
from stormproof.processes.launcher import Launcher
from stormproof.processes.ports import Ports
from stormproof.spec.tables import Redis
from stormproof.spec.trigger import Trigger, receives, sends
from stormproof.wire.counter import Counter
from stormproof.wire.faults import BlackHole, Delay, Duplicate, Garble, Refuse, Reset, WireFault
from stormproof.wire.rules import Rule
from stormproof.wire.server import Link

Story = Callable[[Link, RedisServer], Awaitable[None]]
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


def with_link(
    tmp_path: Path, story: Story, loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop, **config: str
) -> None:
    async def run() -> None:
        ports = Ports()
        async with Launcher(f"test-link-{os.getpid()}", tmp_path) as launcher:
            server = RedisServer(
                "broker",
                Redis.model_validate({"config": config}),
                find_binary(),
                launcher,
                tmp_path / "redis",
                ports.free(),
            )
            await server.start()
            link = Link("worker", "worker", "broker", ports.free(), server.port, RedisCodec())
            await link.open()
            try:
                await asyncio.wait_for(story(link, server), 120)
            finally:
                await link.close()
                await server.close()
                ports.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())


@asynccontextmanager
async def client(link: Link, **more: object) -> AsyncIterator[redis.asyncio.Redis]:
    settings = {"port": link.port, "retry": Retry(NoBackoff(), 0), "single_connection_client": True, **more}
    made = redis.asyncio.Redis(**settings)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.aclose()


@asynccontextmanager
async def armed(link: Link, fault: WireFault, when: Trigger | None = None) -> AsyncIterator[Rule]:
    dice = random.Random(1)
    trigger = when or (None if fault.at_once else fault.everywhere)
    rule = Rule("0", fault, Counter(trigger, dice, lambda place: frozenset()) if trigger else None, dice)
    await link.arm(rule)
    if rule.at_once:
        link.strike(rule)
    yield rule
    await link.disarm(rule)


async def eventually(condition: Callable[[], bool], within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    # What was true once counts: a number of processes may be one less a moment later.
    while not (found := condition()) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    return found


def test_who_is_let_in_as_the_link_is_closed_is_cut_off(tmp_path: Path) -> None:
    """The loop may have accepted a connection that its protocol hears of only when the link is closed: nobody would ever end it."""

    async def story(link: Link, server: RedisServer) -> None:
        await link.close()
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            await loop.connect_accepted_socket(link.newcomer, theirs)
            assert await asyncio.wait_for(loop.sock_recv(ours, 1), 10) == b""
        assert not link.conversations

    with_link(tmp_path, story, asyncio.new_event_loop)


@pytest.mark.parametrize("protocol", [2, 3])
@LOOPS
def test_a_client_does_all_that_it_does_without_a_link(
    tmp_path: Path, protocol: int, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        told: list[str] = []
        link.rules.observe(lambda moment, fate, injection: told.append(f"{moment.command}:{moment.direction}"))
        async with client(link, protocol=protocol) as one, client(link, protocol=protocol) as other:
            assert await one.set("a", b"1")
            assert await one.get("a") == b"1"
            async with one.pipeline(transaction=True) as pipe:
                assert await pipe.incr("a").incr("a").execute() == [2, 3]
            waiting = asyncio.create_task(one.brpop(["list"], timeout=20))
            assert await other.lpush("list", "x") == 1
            assert list(await waiting or ()) == [b"list", b"x"]
            async with other.pubsub() as listener:
                await listener.subscribe("news")
                await one.publish("news", "hi")
                messages = [await listener.get_message(timeout=20) for _ in range(2)]
                assert [message["type"] for message in messages if message] == ["subscribe", "message"]
        assert {"SET:request", "EXEC:reply", "BRPOP:reply", "SUBSCRIBE:reply", "MESSAGE:push"} <= set(told)
        assert told.count("SET:reply") == 1

    with_link(tmp_path, story, loop)


def test_a_password_passes(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async with client(link, password="secret") as one:
            assert await one.ping()
        async with client(link) as one:
            with pytest.raises(RedisConnectionError, match="authenticat"):
                await one.ping()

    with_link(tmp_path, story, requirepass="secret")


def test_a_refusal_is_a_refusal_and_heals(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async with client(link) as one:
            assert await one.ping()
            async with armed(link, Refuse()):
                with pytest.raises(RedisConnectionError):
                    await one.ping()
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.open_connection("127.0.0.1", link.port)
        async with client(link) as one:
            assert await one.ping()

    with_link(tmp_path, story)


def test_a_reset_before_is_not_executed_and_a_reset_after_is(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        for when, wanted in ((sends("worker", "INCRBY"), 0), (receives("worker", "INCRBY"), 1)):
            async with armed(link, Reset(), when), client(link) as one:
                with pytest.raises(RedisConnectionError, match="reset by peer"):
                    await one.incr("n")
            assert int(await server.client.get("n") or 0) == wanted

    with_link(tmp_path, story)


def test_new_connections_are_accepted_and_then_reset(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async with armed(link, Reset(new=True)) as rule, client(link) as one:
            with pytest.raises((RedisConnectionError, ConnectionResetError)):
                await one.ping()
        assert rule.hits

    with_link(tmp_path, story)


def test_a_black_hole_never_answers_and_stays_one_for_its_connections(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async with client(link, socket_timeout=0.3) as old:
            assert await old.ping()
            async with armed(link, BlackHole(new=False)), client(link) as new:
                assert await new.ping()
                with pytest.raises(RedisTimeoutError):
                    await old.ping()

    with_link(tmp_path, story)


@LOOPS
def test_a_delay_delays_by_no_less_than_it_says(tmp_path: Path, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Also by a part of a millisecond, of which uvloop knows nothing."""

    async def story(link: Link, server: RedisServer) -> None:
        async with client(link) as one:
            await one.ping()
            for _ in range(20):
                async with armed(link, Delay(delay_ms=15.4), sends("worker", "GET")):
                    began = time.monotonic()
                    await one.get("a")
                    assert time.monotonic() - began >= 0.0154

    with_link(tmp_path, story, loop)


def test_what_waits_for_the_heal_arrives_when_it_is_healed(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async with client(link) as one:
            await one.ping()
            async with armed(link, Delay(delay_ms=None)) as rule:
                waiting = asyncio.create_task(one.set("a", 1))
                assert await eventually(lambda: rule.hits > 0)
                assert await server.client.get("a") is None
            assert await waiting

    with_link(tmp_path, story)


def test_an_error_in_a_transaction_aborts_it_as_redis_would(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async with client(link) as one:
            for command in ("SET", "EXEC"):
                async with (
                    armed(link, ErrorReply(error="OOM"), sends("worker", command)),
                    one.pipeline(transaction=True) as pipe,
                ):
                    with pytest.raises((ExecAbortError, ResponseError), match=r"not allowed|discarded"):
                        await pipe.set("a", 1).set("b", 2).execute()
                assert await server.client.exists("a", "b") == 0
            assert await one.set("a", 1)

    with_link(tmp_path, story)


def test_a_duplicate_is_executed_twice_and_the_client_keeps_its_place(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async with client(link) as one:
            async with armed(link, Duplicate(), sends("worker", "INCRBY")):
                assert await one.incr("n") == 1
            assert await one.get("n") == b"2"

    with_link(tmp_path, story)


def test_a_garbled_reply_is_no_reply_to_a_client(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async with armed(link, Garble(), receives("worker", "GET")), client(link) as one:
            with pytest.raises(InvalidResponse):
                await one.get("a")

    with_link(tmp_path, story)


def test_an_end_on_one_side_is_an_end_on_the_other(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        code = f"import socket, time; s = socket.create_connection(('127.0.0.1', {link.port})); print(1, flush=True); time.sleep(60)"
        doomed = await asyncio.create_subprocess_exec("python3", "-c", code, stdout=asyncio.subprocess.PIPE)
        assert doomed.stdout is not None
        await doomed.stdout.readline()
        assert await eventually(lambda: len(link.conversations) == 1)
        doomed.kill()
        await doomed.wait()
        assert await eventually(lambda: not link.conversations)
        async with client(link) as one:
            own = await one.client_id()
            waiting = asyncio.create_task(one.brpop(["nothing"], timeout=20))
            assert await eventually(lambda: bool(link.conversations))
            await server.client.client_kill_filter(_id=str(own))
            with pytest.raises(RedisConnectionError):
                await waiting

    with_link(tmp_path, story)


def test_who_writes_to_a_redis_that_has_died_is_reset_as_without_a_link(tmp_path: Path) -> None:
    def life_of_a_client(port: int, kill: Callable[[], None]) -> int:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(b"PING\r\n")
            assert client.recv(99) == b"+PONG\r\n"
            kill()
            assert client.recv(99) == b""
            client.sendall(b"PING\r\n")  # The first write still goes out; what comes back for it is a reset.
            poll = select.poll()
            poll.register(client, select.POLLERR)
            return poll.poll(5000)[0][1]

    async def story(link: Link, server: RedisServer) -> None:
        assert server.running is not None
        seen = await asyncio.to_thread(life_of_a_client, link.port, lambda: server.running.signal_tree(9))
        assert seen & select.POLLERR
        assert await eventually(lambda: not link.conversations)

    with_link(tmp_path, story)


def test_a_component_that_is_gone_before_redis_was_reached_is_no_connection_at_redis(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async def come_and_go() -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", link.port)
            writer.close()

        await asyncio.gather(*(come_and_go() for _ in range(100)))
        assert await eventually(lambda: not link.conversations)
        assert int((await server.info("clients"))["connected_clients"]) <= 2

    with_link(tmp_path, story)


def test_ten_thousand_connections_leave_nothing(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        async def once() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
            writer.write(b"PING\r\n")
            assert await reader.readline() == b"+PONG\r\n"
            writer.close()

        async def batch(count: int) -> None:
            for _ in range(count // 50):
                await asyncio.gather(*(once() for _ in range(50)))
            assert await eventually(lambda: not link.conversations)

        await batch(500)
        before = psutil.Process().memory_info().rss
        await batch(10_000)
        assert psutil.Process().memory_info().rss - before < 20 * 2**20

    with_link(tmp_path, story)


def test_a_value_of_200_mb_is_not_kept(tmp_path: Path) -> None:
    size = 200 * 2**20

    async def story(link: Link, server: RedisServer) -> None:
        link.rules.observe(lambda moment, fate, injection: None)
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        part = b"x" * 2**16
        await _flow(writer, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n" % size)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(size // len(part)):
            await _flow(writer, part)
        await _flow(writer, b"\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
        assert await reader.readline() == b"+OK\r\n"
        assert await reader.readline() == b"$%d\r\n" % size
        left = size + 2
        while left:
            left -= len(await reader.read(2**16))
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown_kib < 64 * 1024
        writer.close()

    async def _flow(writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    with_link(tmp_path, story)


def test_a_reader_that_never_reads_stops_the_link_from_reading(tmp_path: Path) -> None:
    async def story(link: Link, server: RedisServer) -> None:
        await server.client.set("big", b"x" * 2**20)
        _, writer = await asyncio.open_connection("127.0.0.1", link.port, limit=2**12)
        before = psutil.Process().memory_info().rss
        writer.write(b"*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n" * 100)
        await writer.drain()
        (connection,) = link.conversations
        assert await eventually(lambda: bool(connection._halves["server"]._holds))
        assert psutil.Process().memory_info().rss - before < 32 * 2**20
        writer.transport.abort()
        assert await eventually(lambda: not link.conversations)

    with_link(tmp_path, story)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program to make a certificate with")
def test_tls_ends_on_one_side_and_begins_on_the_other(tmp_path: Path) -> None:
    names = ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2", "-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *names], cwd=tmp_path, check=True, capture_output=True
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.load_verify_locations(tmp_path / "cert.pem")

    async def story(plain: Link, server: RedisServer) -> None:
        ports = Ports()
        inner = Link("inner", "worker", "broker", ports.free(), server.port, RedisCodec(), server_tls=serving)
        outer = Link(
            "outer", "worker", "broker", ports.free(), inner.port, RedisCodec(), server_tls=serving, client_tls=trusting
        )
        seen: list[str] = []
        outer.rules.observe(lambda moment, fate, injection: seen.append(moment.command))
        await inner.open()
        await outer.open()
        settings = {"ssl": True, "ssl_ca_certs": str(tmp_path / "cert.pem"), "ssl_check_hostname": False}
        async with client(outer, **settings) as one:
            assert await one.set("a", 1)
        assert "SET" in seen
        await outer.close()
        await inner.close()
        ports.close()

    with_link(tmp_path, story)
