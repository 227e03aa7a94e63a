"""What an answer means, whatever library brought it; what the clients make of it is in `test_clients.py`."""

from __future__ import annotations

import socket

import httpx
import pytest
from stormproof.drivers.http import answers
from stormproof.drivers.http.answers import MOST_BYTES, Answer
from stormproof.spec.tables import Status, Submit


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (httpx.ConnectError("no"), "fail"),
        (ConnectionRefusedError("no"), "fail"),
        (socket.gaierror("no such name"), "fail"),
        (ConnectionResetError("gone"), "info"),
        (httpx.ReadError("gone"), "info"),
        (TimeoutError("too slow"), "info"),
        (ValueError("nobody knows what this is"), "info"),
    ],
)
def test_only_what_never_reached_the_system_is_fail(error: Exception, outcome: str) -> None:
    returned = answers.unanswered(error)
    assert (returned.outcome, returned.http_status) == (outcome, 0)
    assert returned.error == f"{type(error).__name__}: {error}"
    assert returned.partial == isinstance(error, TimeoutError)


def test_what_was_not_read_to_its_end_tells_nothing() -> None:
    long = Answer(202, None, b'{"task_id": "a"}' + b" " * MOST_BYTES)
    returned = answers.submitted(Submit(path="/tasks"), long)
    assert (returned.outcome, returned.task_id, returned.partial) == ("info", "", True)


def test_what_is_declared_as_refused_is_fail_though_it_names_a_task() -> None:
    returned = answers.submitted(Submit(path="/tasks"), Answer(409, "3", b'{"task_id": "a"}'))
    assert (returned.outcome, returned.task_id, returned.retry_after_s) == ("fail", "a", 3.0)


def test_a_status_is_read_as_its_description_says() -> None:
    how = Status(path="/{task_id}", state="at.word", result="at.value", success=("done",))
    returned = answers.read(how, Answer(200, None, b'{"at": {"word": "done", "value": [1]}}'))
    assert (returned.outcome, returned.terminal, returned.success, returned.value) == ("ok", True, True, "[1]")
