"""Loopback addresses of nodes, so each node can use its program's native port."""

from __future__ import annotations

import random
import socket

from stormproof.errors import StormproofError


class Addresses:
    """Hands out addresses that no other harness on this machine has. Each is held by an abstract Unix socket, which vanishes with this
    process.
    """

    def __init__(self) -> None:
        self._held: dict[str, socket.socket] = {}
        self._random = random.SystemRandom()

    def take(self) -> str:
        """An address of 12 characters: pytest-celery calls the first 12 characters of a container's id its host name. Raises
        StormproofError where none is found.
        """
        for _ in range(200):
            address = "127." + ".".join(str(self._random.randint(10, 99)) for _ in range(3))
            holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                holder.bind(f"\0stormproof-address-{address}")
            except OSError:
                holder.close()
                continue
            self._held[address] = holder
            return address
        raise StormproofError("no free address within 127.0.0.0/8; end other harnesses on this machine")

    def give_back(self, address: str) -> None:
        """Release an address."""
        self._held.pop(address).close()

    def close(self) -> None:
        """Release all addresses."""
        for address in list(self._held):
            self.give_back(address)
