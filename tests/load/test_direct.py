"""The short way to an API: what is sent, and what comes of it, is as with Locust's own client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from direct import Direct
from locust import FastHttpUser
from locust.env import Environment

JSON = {"Content-Type": "application/json", "X-Key": "storm-00ab-0001"}
Asked = tuple[str, str, dict[str, str], bytes]


class Api(BaseHTTPRequestHandler):
    """Writes down what it is asked; some paths have answers of their own."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers, self.rfile.read(length)))  # type: ignore[attr-defined]
        code, more = {
            "/moved": (307, {"location": "/here"}),
            "/done": (303, {"location": "/here"}),
            "/cookie": (202, {"set-cookie": "who=me"}),
            "/missing": (404, {}),
        }.get(self.path, (202, {}))
        self.send_response(code)
        for name, value in {**more, "content-length": "8"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b'{"a": 1}')

    do_GET = do_POST  # noqa: N815 - The base class looks for it by this name.

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def api() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.asked = []  # type: ignore[attr-defined]
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


User = Callable[..., FastHttpUser]


@pytest.fixture
def user(api: ThreadingHTTPServer) -> Iterator[User]:
    """Somebody who asks the API; the connections are closed at the end."""
    asking: list[FastHttpUser] = []

    class Somebody(FastHttpUser):
        host = f"http://127.0.0.1:{api.server_port}"

    def make(*, direct: bool) -> FastHttpUser:
        asking.append(Somebody(Environment(user_classes=[Somebody])))
        if direct:
            asking[-1].client.client = Direct(asking[-1])
        return asking[-1]

    yield make
    for each in asking:
        each.client.client.close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/send", '{"b": "ü"}'),
        ("POST", "/send", None),
        ("GET", "/status/1", None),
        ("GET", "/status/a b", None),
        ("POST", "/moved", "{}"),
        ("POST", "/done", "{}"),
        ("POST", "/missing", "{}"),
    ],
)
def test_both_ways_say_and_hear_the_same(
    api: ThreadingHTTPServer, user: User, method: str, path: str, body: str | None
) -> None:
    heard = []
    for direct in (False, True):
        with user(direct=direct).client.request(method, path, data=body, headers=JSON, catch_response=True) as answer:
            heard.append((answer.status_code, answer.content, answer.headers.get("content-length")))
            answer.success()
    asked: list[Asked] = api.asked  # type: ignore[attr-defined]
    half = len(asked) // 2
    assert heard[0] == heard[1]
    assert asked[:half] == asked[half:]


def test_a_connection_is_kept(user: User) -> None:
    client = user(direct=True).client
    assert [client.post("/send", data="{}").json() for _ in range(3)] == [{"a": 1}] * 3
    assert client.client._pool._socket_queue.qsize() == 1


def test_a_cookie_is_kept_from_the_answer_that_sets_it(api: ThreadingHTTPServer, user: User) -> None:
    client = user(direct=True).client
    for path in ("/send", "/cookie", "/send"):
        client.post(path, data="{}")
    cookies = [headers.get("cookie") for _, _, headers, _ in api.asked]  # type: ignore[attr-defined]
    assert cookies == [None, None, "who=me"]


def test_an_api_that_is_gone_is_an_answer_without_a_code(api: ThreadingHTTPServer, user: User) -> None:
    gone = user(direct=True)
    api.shutdown()
    api.server_close()
    assert gone.client.get("/status/1").status_code == 0
    assert gone.client.post("/send", data="{}").status_code == 0


def test_a_header_that_would_be_two_is_refused(user: User) -> None:
    with pytest.raises(ValueError, match="headers with ends of lines"):
        user(direct=True).client.post("/send", data="{}", headers={"X": "1\r\nY: 2"})
