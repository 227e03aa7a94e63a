"""A task system that costs next to nothing, so that what is measured is who sends the load: one process, and all that it knows is in memory.

    python benchmarks/load_target.py SOCKET

It speaks the hardened system's HTTP and the steering's socket: a submission is answered with 202 at once, is begun, done and mailed in the same
instant, and whoever watches is told of it as a recorder would tell. The first question about a task's status is answered PENDING, the next SUCCESS.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import uvloop
from stormproof.history import AnyEvent, Effect, Probe, encode
from stormproof.spec import description

DESCRIPTION = Path(__file__).parents[1] / "system_under_test" / "hardened.toml"
_WATCH_S = 0.02
_KEY = re.compile(rb"storm-[0-9a-f]{4}-\d+")
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def _life() -> bytes:
    """The lines of a history that tell of a task, with gaps; text is cheap, and the target's own time must not be what is measured."""
    about: dict[str, Any] = {
        "t": 0.5,
        "component": "worker",
        "pid": 2,
        "parent": 1,
        "task_id": "%(id)s",
        "key": "%(key)s",
    }
    events: list[AnyEvent] = [Probe(word=word, **about) for word in ("received", "started")]
    events += [Effect(t=0.5, key="%(key)s", message_id="<%(id)s@example.com>", recipient="%(key)s@example.org")]
    events += [Probe(word="succeeded", **about)]
    return b"".join(encode(event) for event in events).replace(b'"t":0.5', b'"t":%(t)s')


_LIFE = _life()


class Done:
    """Who watches, what they have not been told yet, and which tasks somebody has asked for."""

    def __init__(self) -> None:
        self.t0 = time.monotonic()
        self.asked: set[bytes] = set()
        self.watchers: list[asyncio.StreamWriter] = []
        self._untold: list[bytes] = []
        self._count = 0

    def submit(self, key: bytes) -> bytes:
        """All that a real system's history has of a task in calm weather and that a client is told of: its task id."""
        self._count += 1
        task_id, t = b"00000000-0000-5000-8000-%012d" % self._count, time.monotonic() - self.t0
        if self.watchers:
            self._untold.append(_LIFE % {b"t": b"%.6f" % t, b"id": task_id, b"key": key})
        return task_id

    def state(self, task_id: bytes) -> bytes:
        """PENDING once, and SUCCESS from then on."""
        if task_id in self.asked:
            return b"SUCCESS"
        self.asked.add(task_id)
        return b"PENDING"

    async def tell(self) -> None:
        """For ever, as often as the steering does."""
        while True:
            await asyncio.sleep(_WATCH_S)
            untold, self._untold = self._untold, []
            for watcher in self.watchers:
                with suppress(RuntimeError, ConnectionError):  # Who has just gone away.
                    watcher.writelines(untold)


class Http(asyncio.Protocol):
    """As much of HTTP/1.1 as the clients that are compared speak: one request after another, the body's length before it."""

    def __init__(self, done: Done) -> None:
        self._done, self._held = done, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (ends := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:ends]
            length = _LENGTH.search(head)
            whole = ends + 4 + (int(length[1]) if length else 0)
            if len(self._held) < whole:
                return
            body, self._held = self._held[ends + 4 : whole], self._held[whole:]
            self._transport.write(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"POST"):
            key = _KEY.search(body)
            return _answered(b"202 Accepted", b'{"task_id":"%s"}' % self._done.submit(key[0] if key else b""))
        task_id = head.split(b" ", 2)[1].rpartition(b"/")[2]
        told = b'{"task_id":"%s","status":"%s","result":null,"error":null}' % (task_id, self._done.state(task_id))
        return _answered(b"200 OK", told)


def _answered(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


async def serve(path: Path) -> None:
    """Until it is told to end."""
    done, system = Done(), description.load(DESCRIPTION)
    server = await asyncio.get_running_loop().create_server(lambda: Http(done), "127.0.0.1", 0)
    submit, status = (part.model_dump(mode="json", by_alias=True) for part in (system.submit, system.status))
    hello = {
        "t0": done.t0,
        "run": "00ab",
        "system": "nothing",
        "submit": submit,
        "status": status,
        "urls": {"api": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"},
        "effects": True,
        "recovery_s": 0.0,
    }

    async def steered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                what = json.loads(line)["do"]
                if what == "watch":
                    done.watchers.append(writer)
                else:
                    writer.write(json.dumps(hello if what == "hello" else {}).encode() + b"\n")
        done.watchers = [watcher for watcher in done.watchers if watcher is not writer]
        writer.close()

    async with server, await asyncio.start_unix_server(steered, path, limit=8 << 20):
        await done.tell()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
