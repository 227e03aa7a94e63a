"""The SMTP server of the harness, driven by smtplib as a worker would."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from stormproof.effects import DropAfterData, Hold, Mode, Normal, Refuse, Reject, Silent, Slow, SmtpServer
from stormproof.errors import ComponentError
from stormproof.history import Effect

PATIENCE_S = 10.0


@asynccontextmanager
async def serving(mode: Mode | None = None) -> AsyncIterator[tuple[SmtpServer, list[Effect]]]:
    effects: list[Effect] = []
    server = SmtpServer(effects.append, t0=time.monotonic())
    await server.start()
    try:
        if mode is not None:
            await server.set_mode(mode)
        yield server, effects
    finally:
        server.stop()


def message(recipient: str, content: str = "hello", cte: str = "7bit") -> EmailMessage:
    built = EmailMessage()
    built["From"], built["To"], built["Message-ID"] = "app@example.org", recipient, "<one@example.org>"
    built.set_content(content, cte=cte)
    return built


def send(port: int, recipient: str = "storm-00ab-0001@example.org", **parts: Any) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_S, local_hostname="localhost") as client:
        client.send_message(message(recipient, **parts))


async def wait_until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0.01)


def test_an_accepted_message_is_an_effect_with_key_message_id_and_recipient() -> None:
    async def scene() -> None:
        async with serving() as (server, effects):
            await asyncio.to_thread(send, server.port)
            [effect] = effects
            assert effect.key == "storm-00ab-0001"
            assert effect.message_id == "<one@example.org>"
            assert effect.recipient == "storm-00ab-0001@example.org"
            assert 0 <= effect.t < PATIENCE_S
            assert server.bites == 0

    asyncio.run(scene())


@pytest.mark.parametrize("cte", ["7bit", "base64", "quoted-printable"])
def test_a_key_is_found_in_the_message_however_it_is_encoded(cte: str) -> None:
    async def scene() -> None:
        async with serving() as (server, effects):
            await asyncio.to_thread(send, server.port, "user@example.org", content="about storm-00ab-0002", cte=cte)
            assert [effect.key for effect in effects] == ["storm-00ab-0002"]

    asyncio.run(scene())


def test_a_message_without_a_key_is_still_an_effect() -> None:
    async def scene() -> None:
        async with serving() as (server, effects):
            await asyncio.to_thread(send, server.port, "user@example.org")
            assert [effect.key for effect in effects] == [""]

    asyncio.run(scene())


def test_slow_delays_and_then_accepts() -> None:
    async def scene() -> None:
        async with serving(Slow(delay_s=0.3)) as (server, effects):
            began = time.monotonic()
            await asyncio.to_thread(send, server.port)
            assert time.monotonic() - began >= 0.3
            assert (len(effects), server.bites) == (1, 1)

    asyncio.run(scene())


def test_refuse_drops_open_connections_and_refuses_new_ones_until_healed_on_the_same_port() -> None:
    async def scene() -> None:
        async with serving() as (server, effects):
            port = server.port
            client = await asyncio.to_thread(smtplib.SMTP, "127.0.0.1", port, "localhost", PATIENCE_S)
            await server.set_mode(Refuse())
            assert server.bites == 1
            with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
                await asyncio.to_thread(client.noop)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.to_thread(send, port)
            await server.set_mode(Normal())
            await asyncio.to_thread(send, port)
            assert (server.port, len(effects)) == (port, 1)

    asyncio.run(scene())


@pytest.mark.parametrize("code", [451, 550])
def test_reject_answers_matching_recipients_only(code: int) -> None:
    async def scene() -> None:
        async with serving(Reject(code=code, matching="storm-00ab-0001")) as (server, effects):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                await asyncio.to_thread(send, server.port)
            assert [status for status, _ in refused.value.recipients.values()] == [code]
            await asyncio.to_thread(send, server.port, "storm-00ab-0002@example.org")
            assert [effect.key for effect in effects] == ["storm-00ab-0002"]
            assert server.bites == 1

    asyncio.run(scene())


def test_a_connection_accepted_while_silent_stays_silent_after_healing_and_new_ones_are_served() -> None:
    async def scene() -> None:
        async with serving(Silent()) as (server, effects):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setblocking(False)
                await wait_until(lambda: server.bites == 1)
                await server.set_mode(Normal())
                await asyncio.to_thread(send, server.port)
                with pytest.raises(BlockingIOError):
                    client.recv(1)
                assert len(effects) == 1

    asyncio.run(scene())


@pytest.mark.parametrize("heal", ["release", "normal"])
def test_a_held_recipient_is_answered_after_release_or_another_mode(heal: str) -> None:
    async def scene() -> None:
        async with serving(Hold(matching="storm-00ab-0001")) as (server, effects):
            held = asyncio.create_task(asyncio.to_thread(send, server.port))
            await wait_until(lambda: server.bites == 1)
            await asyncio.to_thread(send, server.port, "storm-00ab-0002@example.org")
            assert [effect.key for effect in effects] == ["storm-00ab-0002"]
            if heal == "release":
                server.release()
            else:
                await server.set_mode(Normal())
            await held
            assert [effect.key for effect in effects] == ["storm-00ab-0002", "storm-00ab-0001"]

    asyncio.run(scene())


def test_a_held_recipient_is_rejected_where_the_next_mode_rejects() -> None:
    async def scene() -> None:
        async with serving(Hold()) as (server, effects):
            held = asyncio.create_task(asyncio.to_thread(send, server.port))
            await wait_until(lambda: server.bites == 1)
            await server.set_mode(Reject(code=550))
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                await held
            assert (effects, server.bites) == ([], 1)

    asyncio.run(scene())


def test_drop_after_data_counts_the_effect_and_the_client_never_hears_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with serving(DropAfterData()) as (server, effects):
            began = time.monotonic()
            with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
                await asyncio.to_thread(send, server.port)
            assert time.monotonic() - began < PATIENCE_S / 2  # dropped, not timed out
            assert (len(effects), server.bites) == (1, 1)

    asyncio.run(scene())
    assert caplog.text == ""


def test_stopping_drops_every_connection_at_once() -> None:
    async def scene() -> None:
        async with serving(Hold()) as (server, effects):
            held = asyncio.create_task(asyncio.to_thread(send, server.port))
            await wait_until(lambda: server.bites == 1)
            began = time.monotonic()
            server.stop()
            with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
                await held
            assert time.monotonic() - began < 1.0
            assert effects == []

    asyncio.run(scene())


def test_a_taken_port_is_named_in_the_error() -> None:
    async def scene() -> None:
        async with serving() as (server, _):
            with pytest.raises(ComponentError, match=str(server.port)):
                await SmtpServer(print, t0=0.0, port=server.port).start()

    asyncio.run(scene())
