"""What Locust's users write into the history of an answer: by the rule of the harness's own clients."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from geventhttpclient.useragent import RetriesExceeded
from stormproof.spec.tables import Submit
from users import ended

SUBMIT = Submit(path="/tasks")


def answer(code: int = 0, body: bytes | None = None, error: Exception | None = None) -> SimpleNamespace:
    """As Locust's client has it; where none came its status is 0, and its content and headers are None."""
    return SimpleNamespace(status_code=code, content=body, headers=None if code == 0 else {}, error=error)


@pytest.mark.parametrize(
    ("given", "outcome", "task_id"),
    [
        (answer(202, b'{"task_id": "a"}'), "ok", "a"),
        (answer(202, b'{"task_id": 7}'), "ok", "7"),
        (answer(202, b'{"task_id": "a'), "info", ""),
        (answer(202, b'{"task_id": "%s"}' % (b"i" * 1001)), "info", ""),
        (answer(422, b"{}"), "fail", ""),
        (answer(503, None), "info", ""),
        (answer(error=ConnectionRefusedError("no")), "fail", ""),
        (answer(error=ConnectionResetError("gone")), "info", ""),
    ],
)
def test_an_answer_means_what_it_means_to_the_driver(given: SimpleNamespace, outcome: str, task_id: str) -> None:
    returned = ended(SUBMIT, given, op=3, t=1.0)
    assert (returned.outcome, returned.task_id, returned.op, returned.t) == (outcome, task_id, 3, 1.0)
    assert bool(returned.error) == (outcome != "ok")


def test_an_answer_that_was_given_up_is_one_that_was_not_read_to_its_end() -> None:
    wrapped = RetriesExceeded("http://127.0.0.1:1", 0, original=TimeoutError("timed out"))
    returned = ended(SUBMIT, answer(error=wrapped), op=3, t=1.0)
    assert (returned.outcome, returned.partial, returned.error) == ("info", True, "TimeoutError: timed out")
