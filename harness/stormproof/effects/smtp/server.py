"""The outside world: a real SMTP server that counts the messages that arrive, and that can be made to misbehave.

It runs in the harness's own event loop. Its behaviour is a `Mode`, a value that may be changed at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.header
import re
import socket
import time
from collections.abc import Callable, Container, Mapping
from email.message import Message
from typing import cast

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from stormproof.errors import ComponentError
from stormproof.history import KEY_PATTERN, Effect, Refusal
from stormproof.spec.workload import text

_key = re.compile(KEY_PATTERN)


class Normal(msgspec.Struct, frozen=True):
    """Accepts every message at once."""


class Slow(msgspec.Struct, frozen=True):
    """Answers each MAIL command only after `delay_s`."""

    delay_s: float


class SlowToAccept(msgspec.Struct, frozen=True):
    """Accepts each message `delay_s` after it has read the whole of it. Only then does the message count as an effect."""

    delay_s: float


class Refuse(msgspec.Struct, frozen=True):
    """Is not there: open connections are dropped, and the kernel refuses new ones.

    Bites count only the dropped connections, because only the client sees a refused one.
    """


class Reject(msgspec.Struct, frozen=True):
    """Answers RCPT with `code` (451: try again later, 550: never) if the recipient contains `matching`."""

    code: int = 451
    matching: str = ""


class Silent(msgspec.Struct, frozen=True):
    """Accepts connections and never answers on them, not even after the mode has changed again."""


class Hold(msgspec.Struct, frozen=True):
    """Answers RCPT, if the recipient contains `matching`, only after `release()` or another mode."""

    matching: str = ""


class DropAfterData(msgspec.Struct, frozen=True):
    """Accepts the message, which counts as an effect, and drops the connection before it confirms it."""

    matching: str = ""


Mode = Normal | Slow | SlowToAccept | Refuse | Reject | Silent | Hold | DropAfterData


class SmtpServer:
    """An SMTP server on 127.0.0.1. `bites` counts the connections and commands that the current mode has affected.

    `contain`: what each message should contain, with `{key}` and `{text}` for those of its submission. `as_described`:
    the keys of the submissions that were made as the description says.
    """

    def __init__(
        self, callback: Callable[[Effect | Refusal], None], t0: float, port: int = 0, contain: tuple[str, ...] = ()
    ) -> None:
        self.port = port
        self.mode: Mode = Normal()
        self.bites = 0
        self._callback = callback
        self._t0 = t0
        self._contain = contain
        self.as_described: Container[str] = frozenset()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()
        self._changed = asyncio.Event()

    @property
    def values(self) -> Mapping[str, str]:
        """Its address, as placeholders of a description."""
        return {"smtp.host": "127.0.0.1", "smtp.port": str(self.port)}

    async def start(self) -> None:
        """Listen; with port 0, on a port that the system chooses. Raises ComponentError if the port is taken."""
        try:
            listener = socket.create_server(("127.0.0.1", self.port))
        except OSError as error:
            raise ComponentError(f"the SMTP server cannot listen on port {self.port}: {error.strerror}") from error
        self.port = listener.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(self._connection, sock=listener)

    def stop(self) -> None:
        """Close the port and drop all connections at once."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in tuple(self._open):
            transport.abort()

    async def set_mode(self, mode: Mode) -> None:
        """Change the behaviour from now on. What waits under the old mode continues under the new one."""
        self.mode, self.bites = mode, 0
        self.release()
        if isinstance(mode, Refuse):
            self.bites = len(self._open)
            self.stop()
        elif self._server is None:
            await self.start()

    def release(self) -> None:
        """Release every command that waits now; later ones wait again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _connection(self) -> asyncio.Protocol:
        if isinstance(self.mode, Silent):
            self.bites += 1
            return _Mute(self._open)
        return _Connection(self, self._open)

    def _bites(self, recipients: str) -> bool:
        """Whether the mode affects these recipients. If so, it is counted."""
        bites = self.mode.matching in recipients if isinstance(self.mode, Reject | Hold | DropAfterData) else False
        self.bites += bites
        return bites

    # The following are aiosmtpd's hooks. It fixes their names, calls them for each command, and sends the returned
    # line.

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if isinstance(self.mode, Slow):
            self.bites += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self.mode.delay_s)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        while isinstance(self.mode, Hold) and self._bites(address):
            mode = self.mode
            await self._changed.wait()
            if self.mode is mode:  # released by name
                break
        if isinstance(self.mode, Reject) and self._bites(address):
            key = _key.search(address)
            now = time.monotonic() - self._t0
            self._callback(Refusal(t=now, key=key.group() if key else "", code=self.mode.code, recipient=address))
            return f"{self.mode.code} rejected by Stormproof"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if isinstance(self.mode, SlowToAccept):
            self.bites += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self.mode.delay_s)
        recipients = ", ".join(envelope.rcpt_tos)
        content, now = envelope.original_content or b"", time.monotonic() - self._t0
        self._callback(effect(content, recipients, now, self._contain, self.as_described))
        if isinstance(self.mode, DropAfterData) and self._bites(recipients):
            cast(asyncio.Transport, server.transport).abort()
            await asyncio.Event().wait()  # the end of the connection cancels us before a reply can be tried
        return "250 OK"


def effect(
    content: bytes, recipients: str, t: float, contain: tuple[str, ...] = (), as_described: Container[str] = ()
) -> Effect:
    """The event for a message. Its submission is found in its recipients, else in its text."""
    message = email.message_from_bytes(content)
    said = _text(message)
    found = _key.search(recipients) or _key.search(said)
    key = found.group() if found else ""
    compared = key in as_described
    return Effect(
        t=t,
        key=key,
        message_id=str(message["Message-ID"] or "").strip(),
        recipient=recipients,
        compared=compared,
        lacks=tuple(lack for part in contain if compared and (lack := _lack(part, key, said))),
        others=tuple(sorted({*_key.findall(recipients), *_key.findall(said)} - {key})),
    )


def _lack(part: str, key: str, said: str) -> str:
    """What is missing of `part`, in words; "" if nothing is."""
    wanted = _lines(part.replace("{key}", key).replace("{text}", text(key)))
    if wanted in said:
        return ""
    there, beyond = 0, len(wanted)
    while beyond - there > 1:  # If a text contains a prefix, it contains each shorter prefix.
        middle = (there + beyond) // 2
        there, beyond = (middle, beyond) if wanted[:middle] in said else (there, middle)
    if there <= len(key):  # The key alone, with which a text begins, is also in an address.
        return f"{part}: nothing of it"
    return f"{part}: only the first {there} of its {len(wanted)} characters"


def _text(message: Message) -> str:
    """Headers and decoded bodies as a reader sees them, with their own line ends, whatever the wire uses."""
    headers = [_header(str(value)) for value in message.values()]
    return _lines("\n".join([*headers, *(_body(part) for part in message.walk() if not part.is_multipart())]))


def _header(value: str) -> str:
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, ValueError):  # An unknown character set, or text that is not in it.
        return value


def _body(part: Message) -> str:
    payload = part.get_payload(decode=True)
    body = payload if isinstance(payload, bytes) else b""
    try:
        return body.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return body.decode("latin-1")


def _lines(said: str) -> str:
    """The text with one kind of line end, and no space before it: mail servers may change both."""
    return "\n".join(line.rstrip() for line in said.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


class _Connection(SMTP):
    """One connection to a client. Its transport is kept, so that it can be dropped."""

    def __init__(self, server: SmtpServer, opened: set[asyncio.Transport]) -> None:
        super().__init__(server, hostname="stormproof", enable_SMTPUTF8=True, loop=asyncio.get_running_loop())
        self._opened = opened
        self._own: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own = cast(asyncio.Transport, transport)
        self._opened.add(self._own)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._own is not None:
            self._opened.discard(self._own)
        super().connection_lost(error)


class _Mute(asyncio.Protocol):
    """A connection that is accepted and never answered."""

    def __init__(self, opened: set[asyncio.Transport]) -> None:
        self._opened = opened
        self._own: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own = cast(asyncio.Transport, transport)
        self._opened.add(self._own)

    def connection_lost(self, error: Exception | None) -> None:
        if self._own is not None:
            self._opened.discard(self._own)
