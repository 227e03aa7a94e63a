"""What listens at one address is told apart from what listens at others."""

from __future__ import annotations

import socket

from stormproof.pytest_celery.listening import sockets_of


def test_only_the_sockets_of_the_address_are_listed() -> None:
    with socket.create_server(("127.91.92.93", 0)) as here, socket.create_server(("127.91.92.94", 0)) as there:
        wanted = f"{here.getsockname()[1]:04X}"
        listed = [line.split()[1].partition(":")[2] for line in sockets_of("127.91.92.93").decode().splitlines()]
        assert listed == [wanted]
        assert f"{there.getsockname()[1]:04X}" not in listed or here.getsockname()[1] == there.getsockname()[1]
    assert sockets_of("127.91.92.93") == b""
