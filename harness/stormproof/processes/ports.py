"""Free TCP ports on loopback that two harnesses on one machine never hand out twice."""

from __future__ import annotations

import random
import socket

from stormproof.errors import ComponentError, DescriptionError

_FIRST, _LAST = 10240, 32000
"""Below Linux's ephemeral range: a client that reconnects again and again to a dead ephemeral port may connect to
itself.
"""


class Ports:
    """Hands out ports. Each is reserved by an abstract Unix socket, which disappears with this process and leaves
    nothing behind.
    """

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}
        # Ports are not a random choice of the storm; two harnesses with one seed must not collide.
        self._random = random.SystemRandom()

    def free(self) -> int:
        """A port that nothing listens on. Raises ComponentError if none was found."""
        for _ in range(200):
            port = self._random.randint(_FIRST, _LAST)
            if self._hold(port) and is_free(port):
                return port
        raise ComponentError(f"no free port between {_FIRST} and {_LAST} on 127.0.0.1")

    def fixed(self, port: int | None, where: str) -> int:
        """The port that a description demands, or any free one if it demands none. Raises DescriptionError if it is
        taken.
        """
        if not port:
            return self.free()
        if not self._hold(port) or not is_free(port):
            raise DescriptionError(f"{where}: port {port} is in use; stop what listens there or name another")
        return port

    def _hold(self, port: int) -> bool:
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.bind(f"\0stormproof-port-{port}")
        except OSError:
            holder.close()
            return False
        self._held[port] = holder
        return True

    def give_back(self, port: int) -> None:
        """Release this port."""
        self._held.pop(port).close()

    def close(self) -> None:
        """Release all ports."""
        for port in list(self._held):
            self.give_back(port)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
