"""The sockets of a link: one listener between a component and a server. The only module here that uses the network."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import socket
import ssl
import struct
import time
from collections.abc import Callable, Sequence
from typing import cast

from stormproof.errors import ComponentError
from stormproof.wire.actions import How, Side
from stormproof.wire.codec import Reader, Unread, WireCodec
from stormproof.wire.link import Command, Consult, Conversation, End, Send, Sleep
from stormproof.wire.rules import Rule, Rules

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_BACKLOG_BYTES = 256 * 1024
_CONNECT_S = 30.0
_LISTEN_S = 2.0

_OTHER: dict[Side, Side] = {"component": "server", "server": "component"}

_numbers = itertools.count(1)


class Link:
    """Listens on `port`, connects to `server_port`, and applies its rules to what passes.

    `name` is the component's name, with `.results` or similar for a server other than the broker. `codec` is the
    server's protocol, and `reader` makes the reader of one connection. `over`: it has been closed for good.
    """

    def __init__(
        self,
        name: str,
        component: str,
        store: str,
        port: int,
        server_port: int,
        codec: WireCodec,
        *,
        reader: Callable[[], Reader] = Unread,
        server_tls: ssl.SSLContext | None = None,
        client_tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name, self.component, self.store, self.port = name, component, store, port
        self.rules = Rules()
        self.conversations: set[_Connection] = set()
        self.codec, self.reader = codec, reader
        self._server_port = server_port
        self._server_tls, self._client_tls = server_tls, client_tls
        self._server: asyncio.Server | None = None
        self._door: asyncio.Lock = asyncio.Lock()
        self._wanted = self.over = False

    async def open(self) -> None:
        """Accept connections, unless a fault refuses them. Raises ComponentError if the port is taken."""
        self._wanted = True
        await self._sync_listener()

    async def shut(self) -> None:
        """Stop accepting: connections are refused, as if no server listened. Existing ones stay."""
        self._wanted = False
        await self._sync_listener()

    async def close(self) -> None:
        """Close the link and cut every connection, including those still being accepted."""
        self.over = True
        await self.shut()
        for connection in list(self.conversations):
            connection.cut()

    async def arm(self, rule: Rule) -> None:
        """Put a rule in force. Unless it waits for a frame, a rule for connections strikes the existing ones at once."""
        self.rules.arm(rule)
        await self._sync_listener()

    def strike(self, rule: Rule) -> None:
        """Let a rule strike each existing connection."""
        for connection in list(self.conversations):
            connection.strike(rule)

    async def disarm(self, rule: Rule) -> None:
        """Take a rule out of force; what waited for it goes on."""
        self.rules.disarm(rule)
        for connection in list(self.conversations):
            connection.heal(rule)
        await self._sync_listener()

    def connected(self, number: int) -> bool:
        """Whether a component has this connection (by its number in the history), and neither side has ended it."""
        return any(c.conversation.number == number and not c.conversation.ending for c in self.conversations)

    def greeting(self) -> Rule | None:
        """The rule that affects new connections, if there is one."""
        return next((r for r in self.rules.armed if r.at_once and r.fault and r.fault.greeting != "accept"), None)

    async def _sync_listener(self) -> None:
        async with self._door:
            spoiler = self.greeting()
            refuses = spoiler is not None and spoiler.fault is not None and spoiler.fault.greeting == "refuse"
            if self._wanted and not refuses and self._server is None:
                await self._listen()
            elif (not self._wanted or refuses) and self._server is not None:
                self._server.close()
                self._server = None

    async def _listen(self) -> None:
        deadline = time.monotonic() + _LISTEN_S
        while True:
            try:
                self._server = await asyncio.get_running_loop().create_server(
                    self.newcomer, "127.0.0.1", self.port, ssl=self._server_tls, backlog=512
                )
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    said = f"{self.name}: its link cannot listen on port {self.port}: {error.strerror}"
                    raise ComponentError(said) from error
                await asyncio.sleep(0.01)  # Our own last listener may not be closed yet.

    def newcomer(self) -> asyncio.Protocol:
        """The protocol for a component that has just connected."""
        return _Half(_Connection(self), "component")

    async def reach_server(self, half: _Half) -> None:
        """Connect to the server. Raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_S):
            await loop.create_connection(lambda: half, "127.0.0.1", self._server_port, ssl=self._client_tls)


class _Connection:
    """The two halves of one connection, and the conversation that decides for them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._loop = asyncio.get_running_loop()
        number, reader = next(_numbers), link.reader()
        self.conversation = Conversation(link.name, link.component, link.store, number, link.rules, link.codec, reader)
        self._halves: dict[Side, _Half] = {}
        self._reaching: asyncio.Task[None] | None = None

    # Called by the halves

    def accepted(self, half: _Half) -> None:
        """A component has connected."""
        self._halves["component"] = half
        if self._link.over:
            half.end("reset")
            return
        self._link.conversations.add(self)
        rule = self._link.greeting()
        if rule is not None and rule.fault is not None:
            rule.hit(f"{self._link.name}: a new connection")
            if rule.fault.greeting == "reset":
                half.end("reset")
                return
            if rule.fault.greeting == "swallow":
                self.strike(rule)
        server = self._halves["server"] = _Half(self, "server")
        half.other, server.other = server, half
        half.pause("the server is not reached yet")
        self._reaching = self._loop.create_task(self._reach())

    async def _reach(self) -> None:
        try:
            await self._link.reach_server(self._halves["server"])
        except (OSError, TimeoutError):
            self._halves["server"].gone = True
            self._halves["component"].end("reset")

    def reached(self) -> None:
        """The server has accepted."""
        component = self._halves["component"]
        if component.gone:
            self._halves["server"].end("reset")
        component.resume("the server is not reached yet")

    def received(self, origin: Side, data: bytes) -> None:
        """Handle bytes that do not simply pass."""
        self._perform(self.conversation.receive(origin, data, time.monotonic()))
        if self.conversation.backlog(origin) > _BACKLOG_BYTES:
            self._halves[origin].pause("too much waits")

    def ended(self, origin: Side, how: How) -> None:
        """A half has ended its direction."""
        self._perform(self.conversation.ended(origin, how))
        if self.conversation.finished:
            for half in self._halves.values():
                half.end("fin", both=True)
        if all(half.gone for half in self._halves.values()):
            self._link.conversations.discard(self)

    def lost(self, side: Side, how: How) -> None:
        """A half's socket is gone for both directions. The peer of the other half must learn of it as from a process
        that died: its first write after the end is answered with a reset.
        """
        self.ended(side, how)
        other = self._halves.get(_OTHER[side])
        if how == "reset" and other is not None and not other.gone:
            other.end("reset")

    def congested(self, target: Side, yes: bool) -> None:
        """A half cannot write (yes) or can write again (no): the other half must not be read meanwhile."""
        other = self._halves.get(_OTHER[target])
        if other is not None:
            other.pause("the other side is full") if yes else other.resume("the other side is full")

    # Carrying out the conversation's commands

    def _perform(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, Send):
                if half := self._halves.get(command.to):
                    half.write(command.data)
            elif isinstance(command, End):
                if half := self._halves.get(command.to):
                    half.end(command.how, both=command.whole or self.conversation.over)
                if command.whole:
                    self._halves[_OTHER[command.to]].end("fin", both=True)
            elif isinstance(command, Sleep):
                self._sleep(command.until, command.origin)
            elif isinstance(command, Consult):
                command.rule.asked(command.moment, functools.partial(self._decided, command.origin))

    def _decided(self, origin: Side, goes_on: bool) -> None:
        self._perform(self.conversation.decided(origin, goes_on))

    def _sleep(self, until: float, origin: Side) -> None:
        """Wake no earlier: uvloop counts whole milliseconds from when it last read the clock."""
        left = until - time.monotonic()
        if left > 0:
            self._loop.call_later(left, self._sleep, until, origin)
        else:
            self._loop.call_soon(self._wake, origin)

    def _wake(self, origin: Side) -> None:
        self._perform(self.conversation.wake(origin))
        if self.conversation.backlog(origin) < _BACKLOG_BYTES and (half := self._halves.get(origin)):
            half.resume("too much waits")

    def strike(self, rule: Rule) -> None:
        """Let a rule strike this connection."""
        self._perform(self.conversation.struck(rule))

    def heal(self, rule: Rule) -> None:
        """A rule is no longer in force."""
        self._perform(self.conversation.healed(rule))

    def cut(self) -> None:
        """End everything at once."""
        if self._reaching is not None:
            self._reaching.cancel()
        for half in self._halves.values():
            half.end("reset")


class _Half(asyncio.Protocol):
    """One socket of a connection."""

    def __init__(self, connection: _Connection, side: Side) -> None:
        self._connection, self._side = connection, side
        self._transport: asyncio.Transport | None = None
        self._holds: set[str] = set()
        self._passes = connection.conversation.passes
        self._early: list[bytes] = []
        self._early_end: How | None = None
        self.other: _Half | None = None
        # A loop may read once more after it was told to pause.
        self.write: Callable[[bytes], object] = self._early.append
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._side == "component":
            self.write = self._transport.write
            self._connection.accepted(self)
        else:
            for data in self._early:
                self._transport.write(data)
            self.write = self._transport.write
            self._connection.reached()
            if self._early_end is not None:
                self.end(self._early_end)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self._passes(self._side, data):
            self.other.write(data)
        else:
            self._connection.received(self._side, data)

    def eof_received(self) -> bool:
        self._connection.ended(self._side, "fin")
        return self._transport is not None and self._transport.can_write_eof()

    def connection_lost(self, error: Exception | None) -> None:
        self.gone = True
        self.write = _nowhere
        self._connection.lost(self._side, "fin" if error is None else "reset")

    def pause_writing(self) -> None:
        self._connection.congested(self._side, True)

    def resume_writing(self) -> None:
        self._connection.congested(self._side, False)

    def pause(self, why: str) -> None:
        """Stop reading for now."""
        if not self._holds and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        self._holds.add(why)

    def resume(self, why: str) -> None:
        """Read again once no reason for a pause is left."""
        held = bool(self._holds)
        self._holds.discard(why)
        if held and not self._holds and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def end(self, how: How, *, both: bool = False) -> None:
        """End the direction to this side, or (`both`) the whole socket; an abrupt end always ends the whole socket."""
        if self._transport is None:
            self._early_end = how
            return
        if self._transport.is_closing():
            return
        self.write = _nowhere
        if how == "reset":
            with contextlib.suppress(OSError):
                self._transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE
                )
            self._transport.abort()
        elif both or not self._transport.can_write_eof():  # TLS has no half-closed connections.
            self._transport.close()
        else:
            self._transport.write_eof()


def _nowhere(data: bytes) -> None:
    """Drop bytes for a side that is gone."""
