"""The interface of a broker, or of any server that Stormproof starts for a system: how it is started, struck, sampled
and read.

`brokers/redis/` is one. To add another, start from it, and name its class with an entry point of the group
`stormproof.brokers`. A description selects it by `[servers.NAME]` with `kind = "..."`. `stormproof.testing` checks it
against this interface. The framework decides where in the broker its messages are (`frameworks/framework.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol

from stormproof.history import Sample
from stormproof.processes.launcher import Launcher, Running
from stormproof.spec.tables import Binary, Store
from stormproof.wire.codec import WireCodec

Depth = Callable[[], Awaitable[tuple[int, int]]]
"""Returns how many messages are queued and unacknowledged in a server. Raises UnreachableError."""


class Server(Protocol):
    """One server of a run, on a private port and folder. `name` is its name in the description; its component's name is
    `KIND.NAME`.
    """

    name: str
    component: str
    port: int
    url: str
    """An address that bypasses the links, so that no fault of the wire affects it."""
    spec: Any
    running: Running | None
    codec: WireCodec

    async def start(self, listening: Callable[[], Awaitable[None]] | None = None) -> None:
        """Start it with the data that it has kept, and wait until it answers. `listening` is called once it accepts
        connections. Raises ComponentError.
        """

    def url_for_system(self, port: int) -> str:
        """The value of `{KIND.NAME.url}` if this server is reached at `port`."""

    async def sample(self, t: float, depth: Depth | None) -> Sample:
        """Its state now; `up=False` if it does not answer soon. `depth` counts its messages, if it is the broker."""

    def forget_data(self) -> None:
        """Remove all data that it has kept on disk; only while it is down."""

    async def empty(self) -> None:
        """Delete all of its data except what workers write once, when they start. Raises UnreachableError."""

    async def close(self) -> None:
        """Close the harness's own connections to it."""


class Broker(Protocol):
    """One kind of server."""

    Table: ClassVar[type[Store]]
    """Its table in a description."""

    def find(self) -> Binary:
        """The server's program on this machine. Raises UsageError if there is none."""

    def server(
        self, name: str, spec: Any, launcher: Launcher, folder: Path, port: int, binary: Binary | None
    ) -> Server:
        """Make a server without starting it. `binary`: the program, if the user has chosen one. Raises UsageError if
        this machine has none.
        """
