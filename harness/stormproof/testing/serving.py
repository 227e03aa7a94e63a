"""A server that speaks HTTP as a description says, and behaves as a driver must expect: for the proof of drivers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from stormproof.processes.ports import Ports
from stormproof.spec.system import System

Serve = Callable[[Any], AbstractAsyncContextManager[str]]
"""Serves with one behaviour, and yields the address."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def over_http(system: System, task_id: str) -> Serve:
    """Serves as `[submit]` and `[status]` of the description say."""

    @asynccontextmanager
    async def serve(behaviour: str) -> AsyncIterator[str]:
        if behaviour == "absent":
            ports = Ports()
            try:
                yield f"http://127.0.0.1:{ports.free()}"
            finally:
                ports.close()
            return
        serving = _Serving(system, task_id, behaviour)
        server = await asyncio.start_server(serving.connection, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            serving.over.set()
            await server.wait_closed()
            await asyncio.gather(*serving.talks)

    return serve


class _Serving:
    """`over`: nobody is to wait any more. `talks`: the connections that there were."""

    def __init__(self, system: System, task_id: str, behaviour: str) -> None:
        self._system, self._task_id, self._behaviour = system, task_id, behaviour
        self.over = asyncio.Event()
        self.talks: set[asyncio.Task[None]] = set()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, and answer it."""
        task = asyncio.current_task()
        if task is not None:
            self.talks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            if self._behaviour == "silent":
                await self.over.wait()
            else:
                writer.write(self._answer(is_status=self._is_status(head)))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # The driver has gone away, as it may.
        finally:
            writer.close()

    def _is_status(self, head: bytes) -> bool:
        return self._task_id.encode() in head.split(b"\r\n", 1)[0]

    def _answer(self, *, is_status: bool) -> bytes:
        submit, status = self._system.submit, self._system.status
        if self._behaviour == "closes":
            return b""
        if self._behaviour == "garbles":
            return b"\x00\xff what a day\r\n\r\n"
        if self._behaviour == "breaks":
            return _http(500, {"detail": "an error of the system's own"})
        if self._behaviour == "refuses":
            return _http(submit.refused[0], {"detail": "no"})
        said = {"detail": "yes"}
        if is_status:
            said = _at(status.state, status.success[0])
        elif self._behaviour != "accepts_without_id":
            said = _at(submit.task_id, self._task_id)
        answer = _http(200 if is_status else submit.accept[0], said)
        return answer[: len(answer) - 9] if self._behaviour == "truncates" else answer


def _http(code: int, document: Any) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {code} Code\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _at(path: str, value: str) -> Any:
    """A document with this value at a dotted path."""
    document: Any = value
    for part in reversed(path.split(".")):
        document = [document] if part == "0" else {part: document}
    return document
