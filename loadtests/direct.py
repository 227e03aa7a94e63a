"""The short way to an API: one request, one answer, on a connection that is kept.

Locust's own client takes the URL apart, looks for cookies, prepares for a redirect, and merges and checks the headers twice for each request;
these cost more than half of its processor time. It is still the one that is asked wherever any of this is needed: what is sent and what
comes of it is the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from geventhttpclient.connectionpool import ConnectionPool
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketPoolResponse
from geventhttpclient.url import URL
from locust.contrib.fasthttp import FastHttpUser, FastResponse, LocustUserAgent

_PLAIN_PATH = re.compile(r"/[!-~]*")


class Direct(LocustUserAgent):
    """In the place of the agent of a user's session."""

    def __init__(self, user: FastHttpUser) -> None:
        usual, self._base = user.client.client, user.client.base_url or ""
        super().__init__(
            client_pool=usual.clientpool,
            cookiejar=usual.cookiejar,
            max_redirects=usual.max_redirects,
            max_retries=usual.max_retries,
        )
        self.default_headers = usual.default_headers
        self._always = {name.lower(): value for name, value in usual.default_headers.items()}
        url = URL(self._base)
        self._always["host"] = url.netloc
        self._usual = bool(usual.max_retries or user.proxy_host or url.scheme != "http" or url.path.strip("/"))
        self._pool = ConnectionPool(
            *(url.host, url.port, url.host, url.port),
            size=user.concurrency,
            network_timeout=user.network_timeout,
            connection_timeout=user.connection_timeout,
        )

    def urlopen(self, url: str, method: str = "GET", headers: Any = None, payload: Any = None, **more: Any) -> Any:
        """As the one it stands for."""
        path = url[len(self._base) :]
        if self._usual or more or not url.startswith(self._base) or not _PLAIN_PATH.fullmatch(path):
            return super().urlopen(url, method, headers, payload, **more)
        try:
            answer = self._exchange(method, path, headers or {}, payload)
        except (ConnectionResetError, BrokenPipeError, HTTPConnectionClosed):
            if method != "GET":
                raise
            return super().urlopen(url, method, headers, payload)  # A question may be repeated, as there.
        if "set-cookie" in answer.headers:
            self._usual = True
            self.cookiejar.extract_cookies(answer, self._request(url, method, headers, payload))
        try:
            self._verify_status(answer.status_code, url)
        except Exception as error:
            error.response = answer  # type: ignore[attr-defined] # Where the session looks for it.
            raise
        if answer.status_code in self.redirect_response_codes and (where := answer.headers.get("location")):
            answer.release()
            request = self._request(url, method, headers, payload)
            request.redirect(answer.status_code, where)
            return super().urlopen(request.url_split, request.method, request.headers, request.payload)
        return answer

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
        super().close()

    def _exchange(self, method: str, path: str, headers: dict[str, str], payload: str | bytes | None) -> FastResponse:
        body = payload.encode() if isinstance(payload, str) else payload or b""
        head = _head(tuple(self._always.items()), tuple(headers.items()))
        if body or method in ("POST", "PUT", "PATCH"):
            head += f"content-length: {len(body)}\r\n"
        connection = self._pool.get_socket()
        try:
            connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        except BaseException:
            self._pool.release_socket(connection)
            raise
        return FastResponse(HTTPSocketPoolResponse(connection, self._pool, method=method))

    def _request(self, url: str, method: str, headers: Any, payload: Any) -> Any:
        return self.request_type(url, method, Headers(self._always | (headers or {})), payload)


@lru_cache(maxsize=64)
def _head(always: tuple[tuple[str, str], ...], more: tuple[tuple[str, str], ...]) -> str:
    """All headers but the length. Raises ValueError for one that would be several."""
    fields = dict(always) | {name.lower(): value for name, value in more}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    if head.count("\n") + head.count("\r") != 2 * len(fields):
        raise ValueError(f"headers with ends of lines: {fields}")
    return head
