"""A real mail server that keeps what it was given, and behaves as it is told."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import threading
import time
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from machine import Delivered, Mail, MailServer
from stormproof.effects.smtp import server as effects
from stormproof.effects.smtp.server import SmtpServer

MODES: dict[MailServer, effects.Mode] = {
    "accepts": effects.Normal(),
    "refuses": effects.Reject(code=550),
    "defers": effects.Reject(code=451),
    "drops": effects.DropAfterData(),
    "is gone": effects.Refuse(),
}


class KeepingSmtpServer(SmtpServer):
    """Keeps each e-mail as it was accepted: `delivered`. While `holds_receipts`, nobody is told that it was."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.delivered: list[Delivered] = []
        self.holds_receipts = False

    async def start(self) -> None:
        await super().start()
        # aiosmtpd answers EHLO in pieces, and each would wait 40 ms for the acknowledgement of the one before.
        for listener in self._server.sockets if self._server else ():
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.SMTPUTF8)
        task_id = str(message["Message-ID"]).strip("<> ").partition("@")[0]
        self.delivered.append(Delivered(task_id, Mail(", ".join(envelope.rcpt_tos), message.get_content())))
        while self.holds_receipts:
            self.bites += 1
            await self._changed.wait()
        return await super().handle_DATA(server, session, envelope)


class MailServerThread:
    """The server in an event loop of its own, for a system that has none. Use as a context manager."""

    def __init__(self, port: int) -> None:
        self.server = KeepingSmtpServer(lambda effect: None, time.monotonic(), port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail server")

    def __enter__(self) -> MailServerThread:
        self._thread.start()
        self.call(self.server.start())
        return self

    def call(self, work: Any) -> None:
        """Run it there, to its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self.server.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
