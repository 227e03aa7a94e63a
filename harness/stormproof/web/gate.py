"""Checks, before anything else, that the client of each request may see the pages and press their buttons."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from stormproof.spec.loopback import is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

STRANGER = "The token is missing: open the address that stormproof serve printed when it started."
OTHER_HOST = "This is served to this machine only: open it as 127.0.0.1 or localhost."
OTHER_PAGE = "Buttons are for this machine, and for the pages that have them."

_OWN_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _OWN_POLICY,
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: a form's Origin would then be `null`, like that of a foreign page.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Gate:
    """An ASGI application around another. `token`: the printed token; `cookie`: the name of the cookie that holds it.

    Works like Jupyter: a browser that opens the printed address gets a cookie and is redirected to an address without the
    token.
    """

    def __init__(self, app: App, token: str, cookie: str) -> None:
        self._app, self._token, self._cookie = app, token, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer unauthorized requests; pass all others on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_ours(header(scope, "host")):
            await _say(send, 403, OTHER_HOST)
        elif scope["method"] in ("GET", "HEAD") and self._is_token(dict(_query(scope)).get("token")):
            await self._let_in(scope, send)
        elif not self._is_token(_cookies(scope).get(self._cookie)):
            await _say(send, 403, STRANGER)
        elif scope["method"] not in ("GET", "HEAD") and not (is_here(scope) and _is_from_our_page(scope)):
            await _say(send, 403, OTHER_PAGE)
        else:
            await self._app(scope, receive, _guarded(send))

    def _is_token(self, given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())

    async def _let_in(self, scope: Scope, send: Send) -> None:
        rest = urlencode([(name, value) for name, value in _query(scope) if name != "token"])
        path = "/" + scope.get("raw_path", b"/").decode("latin-1").lstrip("/\\")
        headers = {
            "location": path + (f"?{rest}" if rest else ""),
            "set-cookie": f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict",
        }
        await _say(send, 303, "", headers)


def is_here(scope: Scope) -> bool:
    """Whether the client is on this machine and not a proxy for another machine."""
    client: tuple[str, int] | None = scope.get("client")
    forwarded = header(scope, "forwarded") or header(scope, "x-forwarded-for")
    return client is not None and is_loopback(client[0]) and not forwarded


def header(scope: Scope, name: str) -> str:
    """Return a header of the request; empty if it is missing."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


def _is_from_our_page(scope: Scope) -> bool:
    origin, site = header(scope, "origin"), header(scope, "sec-fetch-site")
    if not origin and not site:
        return False
    return origin in ("", f"http://{header(scope, 'host')}") and site in ("", "same-origin")


def _is_ours(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _cookies(scope: Scope) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header(scope, "cookie")).items()}
    except CookieError:
        return {}


def _guarded(send: Send) -> Send:
    """Add the security headers that the answer does not set itself."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = {key.lower() for key, _ in message["headers"]}
            more = [(key.encode(), value.encode()) for key, value in _HEADERS.items() if key.encode() not in said]
            message["headers"] = [*message["headers"], *more]
        await send(message)

    return guarded


async def _say(send: Send, status: int, line: str, headers: dict[str, str] | None = None) -> None:
    body = f"{line}\n".encode() if line else b""
    all_headers = {**_HEADERS, "content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
    pairs = [
        (key.encode("latin-1"), value.encode("latin-1")) for key, value in {**all_headers, **(headers or {})}.items()
    ]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
