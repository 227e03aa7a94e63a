"""Ports of this machine that lead to a node's address: what Docker publishes."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any

_PIECE_BYTES = 65536


class Forwarding:
    """All forwarded ports, served by a thread of its own, which starts with the first of them."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._servers: dict[int, asyncio.Server] = {}
        self._open: dict[int, set[asyncio.StreamWriter]] = {}

    def open(self, port: int, address: str, native: int) -> None:
        """Let `port` lead there from now on."""
        self._run(self._listen(port, address, native))

    def close(self, port: int) -> None:
        """Refuse from now on, and end what is connected."""
        if port in self._servers:
            self._run(self._deafen(port))

    def stop(self) -> None:
        """Close all, and end the thread."""
        for port in list(self._servers):
            self.close(port)
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop = self._thread = None

    def _run(self, what: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=_serve, args=(self._loop,), name="stormproof-forwarding", daemon=True
            )
            self._thread.start()
        asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _listen(self, port: int, address: str, native: int) -> None:
        ends = self._open[port] = set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _join(reader, writer, address, native, ends)

        self._servers[port] = await asyncio.start_server(accept, "127.0.0.1", port)

    async def _deafen(self, port: int) -> None:
        self._servers.pop(port).close()
        for end in self._open.pop(port):
            _end(end)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()


async def _join(
    near: asyncio.StreamReader,
    to_near: asyncio.StreamWriter,
    address: str,
    native: int,
    ends: set[asyncio.StreamWriter],
) -> None:
    ends.add(to_near)
    try:
        far, to_far = await asyncio.open_connection(address, native)
    except OSError:
        _end(to_near)
        return
    ends.add(to_far)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_pump(near, to_far))
            both.create_task(_pump(far, to_near))
    except* OSError:
        pass  # One end is gone: so is the other.
    finally:
        for end in (to_near, to_far):
            _end(end)
            ends.discard(end)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE_BYTES):
        writer.write(piece)
        await writer.drain()
    writer.write_eof()


def _end(writer: asyncio.StreamWriter) -> None:
    # A process that a test forked from this one holds copies of the sockets: to close them here alone would not reach the other end.
    try:
        writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    writer.transport.abort()
