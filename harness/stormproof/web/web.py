"""The web server: one loopback port, opened before its address is printed, until the server is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from stormproof.errors import UsageError
from stormproof.web.gate import Gate
from stormproof.web.replays import Replays

HOST = "127.0.0.1"
_LAST_ANSWERS_S = 3


def opened(port: int) -> socket.socket:
    """Return a socket that listens on this port; 0 chooses a free one. Raises UsageError if the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UsageError(f"--port {port}: {error.strerror}; name another, or 0 for one that is free") from error
    return listener


class Server(uvicorn.Server):
    """A server that trusts no proxy and leaves signals to the command."""

    def __init__(self, app: Gate) -> None:
        config = uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_LAST_ANSWERS_S,
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals."""
        yield


async def until_told(server: Server, listener: socket.socket, replays: Replays) -> None:
    """Serve until cancelled. A replay that is running then is stopped before the server."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await asyncio.to_thread(replays.close)
        await serving
