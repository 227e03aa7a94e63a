"""A description that does not fit the answers is told with its mend; what the system may have got wrong itself is left to the checks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stormproof.drivers.http import diagnosis
from stormproof.drivers.http.answers import MOST_BYTES, Answer
from stormproof.spec.tables import Status, Submit

SUBMIT = Submit(path="/orders")
STATUS = Status(path="/tasks/{task_id}")


def answer(document: Any, code: int = 200) -> Answer:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Answer(code, retry_after=False, body=body)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"id": 7, "state": "new"}, "the answer has no 'task_id'; it has: id, state; did you mean 'id'?"),
        ({"job": {"task": "x"}}, "the answer has no 'task_id'; it has: job"),
        ({"task_id": None}, "the answer's 'task_id' is null, which is no word"),
        ("abc", "the answer has no 'task_id'; it is \"abc\""),
        ([], "the answer has no 'task_id'; it is []"),
        (b"<html>", "the answer is no JSON: HTTP 200: '<html>'"),
    ],
)
def test_an_accepted_submission_without_its_id_names_what_came_instead(document: Any, said: str) -> None:
    assert diagnosis.of_submission(SUBMIT, answer(document)) == f"submit.task_id: {said}"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            404,
            "submit.path: POST /orders was answered with HTTP 404: '{}'; see submit.path, .method, .json and .headers",
        ),
        (422, "submit: POST /orders was answered with HTTP 422: '{}'; see submit.path, .method, .json and .headers"),
        (307, "submit.path: POST /orders was answered with HTTP 307: '{}', a redirect; name the path that it leads to"),
        (
            204,
            "submit.accept: POST /orders was answered with HTTP 204: '{}'; add 204 to the codes that mean accepted (200, 201, 202)",
        ),
        (503, ""),
        (500, ""),
        (429, ""),
    ],
)
def test_a_submission_that_is_refused_names_the_keys_to_look_at(code: int, said: str) -> None:
    assert diagnosis.of_submission(SUBMIT, answer({}, code)) == said


@pytest.mark.parametrize(("code", "told"), [(400, True), (422, True), (404, False), (503, False)])
def test_where_a_field_does_not_take_the_key_the_number_is_named(code: int, told: bool) -> None:
    keyed = Submit.model_validate({"path": "/orders", "json": {"customer": "{key}"}})
    said = diagnosis.of_submission(keyed, answer({}, code))
    assert said.endswith("; a field that takes a whole number can have {number} in place of {key}") is told


@pytest.mark.parametrize(
    ("how", "document", "said"),
    [
        (
            {},
            {"id": 1, "state": "SUCCESS", "result": 2},
            "has no 'status'; it has: id, state, result; did you mean 'state'?",
        ),
        (
            {"state": "data.stat"},
            {"data": {"state": "x"}},
            "'data' has no 'stat'; it has: state; did you mean 'data.state'?",
        ),
        ({"state": "data.state"}, {"data": []}, "'data' has no 'state'; it is []"),
        ({"state": "0.state"}, [{"status": "x"}], "'0' has no 'state'; it has: status; did you mean '0.status'?"),
        ({"state": "data"}, {"data": {"state": "x"}}, '\'data\' is {"state": "x"}, which is no word'),
    ],
)
def test_a_status_without_its_state_names_what_is_there(how: Any, document: Any, said: str) -> None:
    found = diagnosis.of_status(Status(path="/t", **how), answer(document))
    assert found.startswith("status.state: ") and said in found


def test_a_status_that_is_not_found_names_its_path() -> None:
    found = diagnosis.of_status(STATUS, answer({}, 404))
    assert (
        found
        == "status.path: GET /tasks/{task_id} was answered with HTTP 404: '{}', though the task has ended; see status.path"
    )


@pytest.mark.parametrize("code", [500, 503, 200])
def test_a_status_that_the_system_may_have_got_wrong_is_no_mistake_of_the_description(code: int) -> None:
    assert diagnosis.of_status(STATUS, answer({"status": "PENDING"}, code)) == ""
    declared = Status(path="/t", unfinished_codes=(404,))
    assert diagnosis.of_status(declared, answer({}, 404)) == ""
    assert diagnosis.of_status(STATUS, answer(b"x" * (MOST_BYTES + 1))) == ""


def test_a_state_that_no_list_has_is_named_with_the_lists() -> None:
    found = diagnosis.of_state(STATUS, "done")
    assert (
        "its state stays 'done', which no list has (success: SUCCESS; failure: FAILURE, REVOKED; pending: PENDING)"
        in found
    )


@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE", "PENDING", "STARTED", "RETRY", ""])
def test_a_state_that_is_known_is_for_the_checks_to_judge(state: str) -> None:
    assert diagnosis.of_state(STATUS, state) == ""


def test_a_result_that_is_not_where_it_is_described_is_named() -> None:
    found = diagnosis.of_result(STATUS, answer({"status": "SUCCESS", "value": 1}))
    assert found.startswith("status.result: the answer has no 'result'; it has: status, value")
    assert "status.result = false" in found
    assert diagnosis.of_result(STATUS, answer({"status": "SUCCESS", "result": None})) == ""
    assert diagnosis.of_result(Status(path="/t", result="a.b"), answer({"a": {"b": 1}})) == ""


def test_the_field_that_has_the_id_of_the_task_that_ran_is_named() -> None:
    told = {"order": 17, "job": {"id": "abc"}}
    said = diagnosis.of_task_id(Submit(path="/", task_id="order"), told, "abc")
    assert said == "submit.task_id: 'order' of the answer is 17, and no such task ran; abc did; did you mean 'job.id'?"
