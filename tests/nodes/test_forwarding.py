"""A published port leads to a node, and to nothing when the node is gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from stormproof.processes.ports import Ports
from stormproof.pytest_celery.forwarding import Forwarding
from watching import eventually

ADDRESS = "127.99.98.97"


@pytest.fixture
def native() -> Iterator[int]:
    """A server at another loopback address that answers with what it heard, in capitals."""
    server = socket.create_server((ADDRESS, 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                while heard := connection.recv(100):
                    connection.sendall(heard.upper())

    threading.Thread(target=answer, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture
def forwarding() -> Iterator[Forwarding]:
    forwarding = Forwarding()
    yield forwarding
    forwarding.stop()


@pytest.fixture
def port() -> Iterator[int]:
    ports = Ports()
    yield ports.free()
    ports.close()


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_bytes_pass_in_both_directions(forwarding: Forwarding, native: int, port: int) -> None:
    forwarding.open(port, ADDRESS, native)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"HELLO"


def test_a_closed_port_refuses_and_ends_what_was_connected(forwarding: Forwarding, native: int, port: int) -> None:
    forwarding.open(port, ADDRESS, native)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"hello")
        connection.recv(100)
        forwarding.close(port)
        assert connection.recv(100) == b""
    assert refused(port)


def test_a_port_opens_again_after_it_was_closed(forwarding: Forwarding, native: int, port: int) -> None:
    forwarding.open(port, ADDRESS, native)
    forwarding.close(port)
    forwarding.open(port, ADDRESS, native)
    assert not refused(port)


def test_a_connection_to_nobody_ends(forwarding: Forwarding, port: int) -> None:
    forwarding.open(port, ADDRESS, 1)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        assert eventually(lambda: connection.recv(1) == b"")


def test_the_thread_ends_with_it(native: int, port: int) -> None:
    forwarding = Forwarding()
    forwarding.open(port, ADDRESS, native)
    thread = forwarding._thread
    assert thread is not None and thread.is_alive()
    forwarding.stop()
    assert not thread.is_alive()
