"""An operation is `fail` only where it certainly had no effect; all else that is not ok is `info`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from stormproof.clients import Clients
from stormproof.history import Invoked, Returned
from stormproof.recorder import Recorder
from stormproof.system import System

SYSTEM = System.model_validate(
    {
        "name": "mine",
        "redis": {"broker": {}},
        "results": None,
        "components": {"api": {"role": "api", "command": ["api"]}},
        "submit": {"path": "/tasks", "json": {"to": "{key}"}},
        "status": {"path": "/tasks/{task_id}"},
    }
)


def operation(tmp_path: Path, answer: Callable[[httpx.Request], httpx.Response], kind: str) -> Returned:
    async def story() -> Returned:
        recorder = Recorder(tmp_path / "history.jsonl")
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            clients = Clients(SYSTEM, http, recorder, lambda component: "http://127.0.0.1:1")
            returned = await (clients.submit("k") if kind == "submit" else clients.status("k", "a"))
        assert isinstance(recorder.events[0], Invoked)
        assert recorder.events[1:] == [returned]
        recorder.close()
        return returned

    return asyncio.run(story())


def refusing(error: type[httpx.HTTPError]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("no")

    return answer


def test_an_accepted_submission_is_ok_and_has_an_id(tmp_path: Path) -> None:
    returned = operation(tmp_path, lambda request: httpx.Response(202, json={"task_id": "a"}), "submit")
    assert (returned.outcome, returned.task_id) == ("ok", "a")


def test_the_key_travels_in_the_payload(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(202, json={"task_id": "a"})

    operation(tmp_path, answer, "submit")
    assert bodies == [b'{"to":"k"}']


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda request: httpx.Response(422, json={}), "fail"),
        (lambda request: httpx.Response(500, text="oops"), "info"),
        (lambda request: httpx.Response(503, headers={"Retry-After": "1"}), "info"),
        (lambda request: httpx.Response(202, json={}), "info"),
        (lambda request: httpx.Response(202, text="not json"), "info"),
        (refusing(httpx.ConnectError), "fail"),
        (refusing(httpx.ReadError), "info"),
        (refusing(httpx.ReadTimeout), "info"),
    ],
)
def test_a_submission_is_fail_only_where_nothing_can_have_happened(
    tmp_path: Path, answer: Callable[[httpx.Request], httpx.Response], outcome: str
) -> None:
    returned = operation(tmp_path, answer, "submit")
    assert returned.outcome == outcome
    assert returned.error


def test_the_states_words_are_read_as_the_description_says(tmp_path: Path) -> None:
    body = {"status": "FAILURE", "result": {"why": 1}}
    returned = operation(tmp_path, lambda request: httpx.Response(200, json=body), "status")
    assert (returned.outcome, returned.terminal, returned.success, returned.value) == ("ok", True, False, '{"why": 1}')


def test_a_status_without_a_state_is_not_ok(tmp_path: Path) -> None:
    assert operation(tmp_path, lambda request: httpx.Response(200, json=[]), "status").outcome == "info"
