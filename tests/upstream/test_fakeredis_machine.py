"""Where fakeredis is not as Redis is: each test asserts what is right, and passes when that is mended."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from fakeredis import TcpFakeServer


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    server = TcpFakeServer(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with socket.create_connection(server.server_address[:2], timeout=5) as connection:
            yield connection
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="fakeredis' TCP server closes the connection after any error reply"
)
def test_an_error_reply_leaves_the_connection_open(connection: socket.socket) -> None:
    """A client goes on after WRONGTYPE or NOSCRIPT; a pipeline reads the replies that follow."""
    connection.sendall(b"EVALSHA 00 0\r\n")
    assert connection.recv(100).startswith(b"-NOSCRIPT")
    connection.sendall(b"PING\r\n")
    assert connection.recv(100) == b"+PONG\r\n"
