"""What Stormproof asks of a broker, or of any server that it starts for a system: to start, to be struck, to be sampled, and to be read.

`brokers/redis/` is one. To add another, imitate it, and name its class by an entry point of the group `stormproof.brokers`; a description
chooses it by `[servers.NAME]` with `kind = "..."`. `stormproof.testing` holds it to what
stands here. Where a framework's messages are in it is the framework's to say (`frameworks/framework.py`).
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
"""Asks how many messages are queued and unacknowledged in a server. Raises UnreachableError."""


class Server(Protocol):
    """One server of a run, on a private port and folder. `name` is its name in the description; its component's name is `KIND.NAME`."""

    name: str
    component: str
    port: int
    url: str
    """A way to it that no fault of the wire can meet."""
    spec: Any
    running: Running | None
    codec: WireCodec

    async def start(self, listening: Callable[[], Awaitable[None]] | None = None) -> None:
        """Start it with what it has kept, and wait until it answers. `listening` is called once it accepts connections. Raises
        ComponentError.
        """

    def url_for_system(self, port: int) -> str:
        """What `{KIND.NAME.url}` stands for where this server is reached at `port`."""

    async def sample(self, t: float, depth: Depth | None) -> Sample:
        """What it says of itself now; `up=False` where it does not answer soon. `depth`: asks for its messages, where it is the broker."""

    def forget_data(self) -> None:
        """Remove all that it has kept on disk; only while it is down."""

    async def empty(self) -> None:
        """Take all of its data but what workers write once, as they start. Raises UnreachableError."""

    async def close(self) -> None:
        """Close the harness's own connections to it."""


class Broker(Protocol):
    """One kind of server."""

    Table: ClassVar[type[Store]]
    """Its table in a description."""

    def find(self) -> Binary:
        """The server's program on this machine. Raises UsageError where there is none."""

    def server(
        self, name: str, spec: Any, launcher: Launcher, folder: Path, port: int, binary: Binary | None
    ) -> Server:
        """Make a server; it is not started yet. `binary`: the program, where somebody has chosen one. Raises UsageError where this machine
        has none.
        """
