"""One request to an ASGI application, as a server would make it of what it has read; a fraction of the time of a client that speaks HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from machine import Answer


async def request(
    app: Any, method: str, path: str, *, headers: Mapping[str, str] | None = None, content: Any = None
) -> Answer:
    """`path` is quoted, `content` is sent as JSON. What the application raises is a 500, as with any server."""
    body = b"" if content is None else json.dumps(content).encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (name.lower().encode(), text.encode("latin-1")) for name, text in _with_type(headers, body).items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("hardened", 80),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        return Answer(500, {}, repr(error))
    return _answer(sent)


def _with_type(headers: Mapping[str, str] | None, body: bytes) -> dict[str, str]:
    own = {"host": "hardened", **(headers or {})}
    return own | {"content-type": "application/json", "content-length": str(len(body))} if body else own


def _answer(sent: list[dict[str, Any]]) -> Answer:
    start, *parts = sent
    headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in start["headers"]}
    body: Any = b"".join(part.get("body", b"") for part in parts).decode()
    if headers.get("content-type") == "application/json":
        body = json.loads(body)
    return Answer(start["status"], headers, body)
