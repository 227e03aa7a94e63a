"""No port is handed out twice, nor one that somebody listens on."""

from __future__ import annotations

import socket

import pytest
from stormproof.errors import DescriptionError
from stormproof.processes.ports import Ports, is_free


def test_a_fixed_port_that_is_taken_is_refused_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert not is_free(taken)
        ports = Ports()
        with pytest.raises(DescriptionError, match=rf"components\.api\.port: port {taken} is in use"):
            ports.fixed(taken, "components.api.port")
        ports.close()


def test_two_harnesses_never_hold_the_same_port() -> None:
    first, second = Ports(), Ports()
    port = first.free()
    with pytest.raises(DescriptionError):
        second.fixed(port, "redis.broker.port")
    first.close()
    assert second.fixed(port, "redis.broker.port") == port
    second.close()


def test_free_ports_are_below_the_ephemeral_range() -> None:
    ports = Ports()
    assert all(port < 32768 for port in [ports.free() for _ in range(20)])
    ports.close()
