"""E-mails over real SMTP, and the errors sorted."""

import email
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from hardened.mailer import MailDeferredError, MailRefusedError, compose, send


class Handler:
    """Answers RCPT and DATA as told; None at DATA: the connection is dropped after the message is taken."""

    rcpt = "250 OK"
    data: str | None = "250 OK"

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(envelope.original_content)
        if self.data is None:
            server.transport.abort()
        return self.data or "250 OK"


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def port(handler: Handler) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


def deliver(port: int, fences: list[str] | None = None) -> None:
    message = compose("from@example.org", "a@example.org", "hello", "<task-1@example.org>")
    note = [] if fences is None else fences
    send(message, "127.0.0.1", port, timeout_s=5, fence=lambda: note.append("fence"))


def test_the_message_carries_the_id_of_its_task(port: int, handler: Handler) -> None:
    deliver(port)
    assert b"Message-ID: <task-1@example.org>" in handler.taken[0]


def test_a_line_arrives_as_it_was_written_whatever_it_begins_with(port: int, handler: Handler) -> None:
    lines = "From here\n.\n..\n>From there\n"
    message = compose("from@example.org", "a@example.org", lines, "<task-1@example.org>")
    send(message, "127.0.0.1", port, timeout_s=5, fence=lambda: None)
    arrived = email.message_from_bytes(handler.taken[0]).get_payload(decode=True)
    assert isinstance(arrived, bytes) and arrived.decode().replace("\r\n", "\n") == lines


def test_the_fence_is_asked_once_before_the_message_leaves(port: int, handler: Handler) -> None:
    def closed() -> None:
        assert handler.taken == []
        raise ZeroDivisionError

    message = compose("from@example.org", "a@example.org", "hello", "<task-1@example.org>")
    with pytest.raises(ZeroDivisionError):
        send(message, "127.0.0.1", port, timeout_s=5, fence=closed)
    assert handler.taken == []
    fences: list[str] = []
    deliver(port, fences)
    assert fences == ["fence"]


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_5xx_is_never_and_4xx_is_later_and_both_have_certainly_not_delivered(
    port: int, handler: Handler, at: str
) -> None:
    setattr(handler, at, "550 never")
    with pytest.raises(MailRefusedError, match="550 never"):
        deliver(port)
    setattr(handler, at, "451 later")
    with pytest.raises(MailDeferredError, match="451 later") as caught:
        deliver(port)
    assert caught.value.not_sent


def test_a_refused_connection_is_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with pytest.raises(MailDeferredError) as caught:
        deliver(port)
    assert caught.value.not_sent


def test_a_connection_dropped_after_the_message_leaves_it_open_whether_it_was_delivered(
    port: int, handler: Handler
) -> None:
    handler.data = None
    with pytest.raises(MailDeferredError) as caught:
        deliver(port)
    assert not caught.value.not_sent


def test_a_server_that_never_answers_is_later_within_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        message = compose("from@example.org", "a@example.org", "hello", "<task-1@example.org>")
        with pytest.raises(MailDeferredError, match="timed out"):
            send(message, "127.0.0.1", int(mute.getsockname()[1]), timeout_s=0.2, fence=lambda: None)
