"""Ports of this machine that forward to a node's address, like Docker's published ports."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

_PIECE_BYTES = 65536


class Forwarding:
    """All forwarded ports, served by one thread, which starts with the first of them."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._listeners: dict[int, socket.socket] = {}
        self._joined: dict[int, set[asyncio.Task[None]]] = {}

    def open(self, port: int, address: str, native: int) -> None:
        """Forward `port` to an address from now on. Raises OSError if the port is taken."""
        listener = socket.create_server(("127.0.0.1", port))
        listener.setblocking(False)
        self._run(self._listen(port, listener, (address, native)))

    def close(self, port: int) -> None:
        """Refuse new connections from now on, and close existing ones."""
        if port in self._listeners:
            self._run(self._deafen(port))

    def stop(self) -> None:
        """Close all ports and connections, and end the thread."""
        for port in list(self._listeners):
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

    async def _listen(self, port: int, listener: socket.socket, there: tuple[str, int]) -> None:
        self._listeners[port], self._joined[port] = listener, set()
        asyncio.get_running_loop().add_reader(listener, self._accept, port, there)

    def _accept(self, port: int, there: tuple[str, int]) -> None:
        try:
            near, _ = self._listeners[port].accept()
        except OSError:
            return  # Who wanted to connect has thought better of it.
        task = asyncio.get_running_loop().create_task(_join(near, there))
        self._joined[port].add(task)
        task.add_done_callback(self._joined[port].discard)

    async def _deafen(self, port: int) -> None:
        asyncio.get_running_loop().remove_reader(self._listeners[port])
        self._listeners.pop(port).close()
        await asyncio.sleep(0)  # All tasks have begun then, and close what they were given.
        tasks = self._joined.pop(port)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


async def _join(near: socket.socket, there: tuple[str, int]) -> None:
    with near, socket.socket() as far:
        near.setblocking(False)
        far.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(far, there)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(near, far))
                both.create_task(_pump(far, near))
        except* OSError:
            pass  # One end is gone: so is the other.
        finally:
            # A process that a test forked from this one holds copies of both: to close them here alone would not reach the other end.
            for end in (near, far):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


async def _pump(source: socket.socket, sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while piece := await loop.sock_recv(source, _PIECE_BYTES):
        await loop.sock_sendall(sink, piece)
    sink.shutdown(socket.SHUT_WR)
