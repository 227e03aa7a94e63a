"""A mail server for the workers: what it accepts is the outside effect that the tests count."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

from aiosmtpd.controller import Controller
from stormproof.processes.ports import Ports


class MailServer:
    """`accepted`: recipient -> how often. While it holds, whoever sends has a task in hand."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.offered: Counter[str] = Counter()
        self._open = threading.Event()
        self._open.set()
        self._ports = Ports()
        self._controller = Controller(self, hostname="127.0.0.1", port=self._ports.free())

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    def start(self) -> None:
        """Listen."""
        self._controller.start()

    def stop(self) -> None:
        """End, also what is held."""
        self.release()
        self._controller.stop()
        self._ports.close()

    def hold(self) -> None:
        """Answer no sender until `release`."""
        self._open.clear()

    def release(self) -> None:
        """Answer all."""
        self._open.set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """aiosmtpd's hook. Held here, a sender has not begun to hand the e-mail over."""
        self.offered[address] += 1
        while not self._open.is_set():
            await asyncio.sleep(0.01)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd's hook."""
        self.accepted[envelope.rcpt_tos[0]] += 1
        return "250 OK"
