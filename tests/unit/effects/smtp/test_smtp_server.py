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
from stormproof.effects.smtp.server import (
    DropAfterData,
    Hold,
    Mode,
    Normal,
    Refuse,
    Reject,
    Silent,
    Slow,
    SlowToAccept,
    SmtpServer,
    effect,
)
from stormproof.errors import ComponentError
from stormproof.history import Effect, Refusal
from stormproof.spec.workload import text

PATIENCE_S = 10.0


@asynccontextmanager
async def serving(
    mode: Mode | None = None, refusals: list[Refusal] | None = None, contain: tuple[str, ...] = ()
) -> AsyncIterator[tuple[SmtpServer, list[Effect]]]:
    effects: list[Effect] = []

    def note(event: Effect | Refusal) -> None:
        if isinstance(event, Effect):
            effects.append(event)
        elif refusals is not None:
            refusals.append(event)

    server = SmtpServer(note, t0=time.monotonic(), contain=contain)
    server.as_described = {"storm-00ab-0001", "storm-00ab-0002"}
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


def test_what_is_slowly_accepted_is_an_effect_only_then() -> None:
    async def scene() -> None:
        async with serving(SlowToAccept(delay_s=PATIENCE_S)) as (server, effects):
            sending = asyncio.create_task(asyncio.to_thread(send, server.port))
            await wait_until(lambda: server.bites == 1)
            assert effects == []
            server.release()
            await sending
            assert (len(effects), server.bites) == (1, 1)

    asyncio.run(scene())


def test_what_was_sent_is_compared_with_the_text_of_its_submission() -> None:
    async def scene() -> None:
        async with serving(contain=("{text}",)) as (server, effects):
            for key, content in (("storm-00ab-0001", text("storm-00ab-0001")), ("storm-00ab-0002", "Hello")):
                await asyncio.to_thread(send, server.port, f"{key}@example.org", content=content, cte="base64")
            assert [effect.lacks for effect in effects] == [(), ("{text}: nothing of it",)]

    asyncio.run(scene())


KEY, OTHER = "storm-00ab-0002", "storm-00ab-0003"
TO = f"{KEY}@example.org"


def arrived(content: str | bytes, contain: str = "{text}", cte: str = "base64", charset: str = "utf-8") -> Effect:
    """The effect of such an e-mail: of its text as a mail client sends it, or of all its bytes."""
    if isinstance(content, str):
        built = EmailMessage()
        built["Subject"] = "A message for you"
        built.set_content(content, cte=cte, charset=charset)
        content = built.as_bytes(policy=built.policy.clone(linesep="\r\n"))
    return effect(content, TO, 1.0, (contain,), {KEY})


@pytest.mark.parametrize("cte", ["base64", "quoted-printable", "8bit"])
def test_a_text_is_the_same_text_in_every_encoding(cte: str) -> None:
    assert arrived(text(KEY), cte=cte).lacks == ()


@pytest.mark.parametrize("charset", ["utf-16", "utf-8", "gb18030"])
def test_a_text_is_the_same_text_in_every_character_set(charset: str) -> None:
    assert arrived(text(KEY), charset=charset).lacks == ()


def test_a_text_may_stand_in_a_greeting_and_in_any_part_of_a_message() -> None:
    built = EmailMessage()
    built.set_content("see below")
    built.add_alternative(f"Dear,\n\n{text(KEY)}\n\nYours", subtype="html")
    assert effect(bytes(built), TO, 1.0, ("{text}",), {KEY}).lacks == ()


def test_spaces_at_the_ends_of_lines_are_no_part_of_a_text() -> None:
    assert arrived(text(KEY).replace("\n", " \n")).lacks == ()


def test_what_is_wanted_may_stand_in_a_header_however_it_is_encoded() -> None:
    encoded = b"Subject: =?utf-8?b?w5xiZXI=?= storm-00ab-0002\r\n\r\nhello\r\n"
    assert arrived(encoded, "Über {key}").lacks == ()
    assert arrived(encoded, "Unter {key}").lacks == ("Unter {key}: nothing of it",)


@pytest.mark.parametrize("size", [80, 255, 1024])
def test_a_text_that_was_cut_short_lacks_its_end_and_it_is_told_how_much_there_is(size: int) -> None:
    whole = text(KEY)
    kept = len(whole[:size].rstrip())
    [lack] = arrived(whole[:size]).lacks
    # Whatever follows the cut, if it is as the text goes on, was not cut off.
    assert lack in {f"{{text}}: only the first {n} of its {len(whole)} characters" for n in (kept, kept + 1)}


@pytest.mark.parametrize(
    "spoilt",
    [
        text(KEY).encode("ascii", "replace").decode(),
        text(KEY).replace("\n.", "\n"),
        text(KEY).replace("\n", " "),
        text(KEY).upper(),
        text(KEY)[:-1],
    ],
)
def test_a_text_of_which_a_letter_is_another_is_not_the_text(spoilt: str) -> None:
    assert arrived(spoilt).lacks


def test_the_text_of_another_is_named() -> None:
    found = arrived(text(OTHER))
    assert (found.key, found.others) == (KEY, (OTHER,))
    assert found.lacks == ("{text}: nothing of it",)


def test_other_recipients_are_named() -> None:
    found = effect(b"\r\nhello", f"{TO}, {OTHER}@example.org", 1.0)
    assert (found.key, found.others) == (KEY, (OTHER,))


@pytest.mark.parametrize(
    "spoilt",
    [
        b"Subject: =?no-such-set?q?x?=\r\nContent-Type: text/plain; charset=no-such-set\r\n\r\nstorm-00ab-0002 \xff",
        b"Content-Transfer-Encoding: base64\r\n\r\n\xff\xfe===",
        b"Content-Type: multipart/mixed\r\n\r\nno parts",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"",
        b"\x00\xff\r\n\r\n",
    ],
)
def test_what_cannot_be_read_lacks_the_text_and_breaks_nothing(spoilt: bytes) -> None:
    assert arrived(spoilt).lacks


@pytest.mark.parametrize(("to", "submitted"), [("ops@example.org", {KEY}), (TO, {OTHER})])
def test_where_nobody_knows_what_was_submitted_nothing_is_compared(to: str, submitted: set[str]) -> None:
    found = effect(b"\r\nhello", to, 1.0, ("{text}",), submitted)
    assert (found.compared, found.lacks) == (False, ())
    assert effect(b"\r\nhello", TO, 1.0, ("{text}",), {KEY}).compared


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
        refusals: list[Refusal] = []
        async with serving(Reject(code=code, matching="storm-00ab-0001"), refusals) as (server, effects):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                await asyncio.to_thread(send, server.port)
            assert [status for status, _ in refused.value.recipients.values()] == [code]
            await asyncio.to_thread(send, server.port, "storm-00ab-0002@example.org")
            assert [effect.key for effect in effects] == ["storm-00ab-0002"]
            assert server.bites == 1
            [refusal] = refusals
            assert (refusal.key, refusal.code) == ("storm-00ab-0001", code)
            assert refusal.recipient == "storm-00ab-0001@example.org"
            assert 0 <= refusal.t <= effects[0].t

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
