"""Free TCP ports on loopback that two harnesses on one machine never hand out twice."""

from __future__ import annotations

import random
import socket

from stormproof.errors import ComponentError, DescriptionError

_FIRST, _LAST = 10240, 32000
"""Below Linux's ephemeral range: a client that connects again and again to a dead ephemeral port may meet itself."""


class Ports:
    """Hands out ports. Each is held by an abstract Unix socket that vanishes with this process, and leaves nothing."""

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}
        # Which port a process gets is no choice of the storm; two harnesses with one seed must not collide.
        self._random = random.SystemRandom()

    def free(self) -> int:
        """A port that nobody listens on. Raises ComponentError where none was found."""
        for _ in range(200):
            port = self._random.randint(_FIRST, _LAST)
            if self._hold(port) and is_free(port):
                return port
        raise ComponentError(f"no free port between {_FIRST} and {_LAST} on 127.0.0.1")

    def fixed(self, port: int | None, where: str) -> int:
        """The port that a description demands, any free one where it demands none. Raises DescriptionError where it is taken."""
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
        """Let others have this one."""
        self._held.pop(port).close()

    def close(self) -> None:
        """Give all ports back."""
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
