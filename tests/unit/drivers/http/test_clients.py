"""An operation is `fail` only where it certainly had no effect; all else that is not ok is `info`."""

from __future__ import annotations

import asyncio
import errno
import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from stormproof.drivers.clients import Clients
from stormproof.drivers.http.driver import HttpDriver, counted
from stormproof.errors import StormproofError
from stormproof.history import Counts, History, Invoked, Probe, Returned
from stormproof.history.recorder import Recorder
from stormproof.spec.system import System
from stormproof.spec.workload import text

SYSTEM = System.model_validate(
    {
        "name": "mine",
        "redis": {"broker": {}},
        "results": None,
        "components": {"api": {"role": "api", "command": ["api"]}},
        "submit": {"path": "/tasks/{key}", "json": {"to": "{key}"}},
        "status": {"path": "/tasks/{task_id}"},
    }
)


def operation(
    tmp_path: Path,
    answer: Callable[[httpx.Request], httpx.Response],
    kind: str,
    task_id: str = "a",
    within_s: float = 45,
    system: System = SYSTEM,
) -> Returned:
    async def story() -> Returned:
        recorder = Recorder(tmp_path / "history.jsonl")
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            clients = Clients(
                HttpDriver(system, http, lambda component: "http://127.0.0.1:1", within_s), system, recorder
            )
            returned = await (clients.submit("k") if kind == "submit" else clients.status("k", task_id))
        assert isinstance(recorder.events[0], Invoked)
        assert len(recorder.events[1:]) == 1
        recorder.close()
        return returned

    return asyncio.run(asyncio.wait_for(story(), 20))


def refusing(error: type[httpx.HTTPError]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("no")

    return answer


def test_an_accepted_submission_is_ok_and_has_an_id(tmp_path: Path) -> None:
    returned = operation(tmp_path, lambda request: httpx.Response(202, json={"task_id": "a"}), "submit")
    assert (returned.outcome, returned.task_id) == ("ok", "a")


def test_the_key_travels_in_the_path_and_in_the_payload(tmp_path: Path) -> None:
    sent: list[tuple[str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.path, request.content))
        return httpx.Response(202, json={"task_id": "a"})

    operation(tmp_path, answer, "submit")
    assert sent == [("/tasks/k", b'{"to":"k"}')]


def test_the_text_of_the_key_travels_whole_in_the_payload_and_in_the_path(tmp_path: Path) -> None:
    sent: list[tuple[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.path, json.loads(request.content)))
        return httpx.Response(202, json={"task_id": "a"})

    submit = SYSTEM.submit.model_copy(update={"path": "/{text}/end", "json_template": {"content": "Dear, {text}"}})
    operation(tmp_path, answer, "submit", system=SYSTEM.model_copy(update={"submit": submit}))
    assert sent == [(f"/{text('k')}/end", {"content": f"Dear, {text('k')}"})]


@pytest.mark.parametrize(
    ("headers", "after_s"),
    [
        ({}, -1),
        ({"Retry-After": "2"}, 2),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "soon"}, -1),
        ({"Retry-After": "-5"}, -1),
        ({"Retry-After": "1.5"}, -1),
        ({"Retry-After": "9" * 400}, 999_999_999_999_999),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)
def test_when_to_come_again_is_read_as_seconds_or_as_a_date(
    tmp_path: Path, headers: dict[str, str], after_s: float
) -> None:
    returned = operation(tmp_path, lambda request: httpx.Response(503, headers=headers), "submit")
    assert (returned.retry_after, returned.retry_after_s) == (bool(headers), after_s)


def test_a_date_to_come_again_is_counted_from_now(tmp_path: Path) -> None:
    when = {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)}
    returned = operation(tmp_path, lambda request: httpx.Response(503, headers=when), "submit")
    assert 3500 < returned.retry_after_s <= 3600


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


def endless(block: bytes, pause_s: float = 0.0) -> Callable[[httpx.Request], httpx.Response]:
    async def blocks() -> AsyncIterator[bytes]:
        while True:
            yield block
            await asyncio.sleep(pause_s)

    return lambda request: httpx.Response(200, content=blocks())


@pytest.mark.parametrize("kind", ["submit", "status"])
def test_of_an_answer_without_end_only_its_beginning_is_read(tmp_path: Path, kind: str) -> None:
    returned = operation(tmp_path, endless(b"x" * 65536), kind)
    assert (returned.outcome, returned.http_status) == ("info", 200)
    assert returned.error.startswith("HTTP 200: 'xxx") and returned.error.endswith(
        "(longer than the 16 MiB that Stormproof reads)"
    )
    assert returned.partial


def test_a_result_of_megabytes_is_read_and_the_history_has_its_beginning(tmp_path: Path) -> None:
    large = "x" * 3_000_000
    body = {"status": "SUCCESS", "result": large}
    returned = operation(tmp_path, lambda request: httpx.Response(200, json=body), "status")
    assert (returned.outcome, returned.terminal, returned.value) == ("ok", True, f'"{large}"')
    stored = History.load(tmp_path / "history.jsonl")[1]
    assert isinstance(stored, Returned)
    assert stored.value == f'"{large}'[: 1 << 16]


def followed(tmp_path: Path, system: System, *probes: Probe) -> bool:
    """Whether a task of which the status never tells the end is known to have ended."""

    async def story() -> bool:
        recorder = Recorder(tmp_path / "history.jsonl")
        for probe in probes:
            recorder.add(probe)
        pending = httpx.MockTransport(lambda request: httpx.Response(200, json={"status": "PENDING"}))
        async with httpx.AsyncClient(transport=pending) as http:
            clients = Clients(HttpDriver(system, http, lambda component: "http://127.0.0.1:1"), system, recorder)
            ended = await clients.follow("k", "a", every_s=0.01, within_s=0.2)
        recorder.close()
        return ended

    return asyncio.run(story())


def test_where_results_are_ignored_the_probe_says_when_a_task_has_ended(tmp_path: Path) -> None:
    ignoring = System.model_validate(SYSTEM.stored() | {"promises": {"results": "ignored"}})
    end = Probe(t=1, component="worker", pid=11, parent=10, word="succeeded", task_id="a")
    assert followed(tmp_path, ignoring, end)
    assert not followed(tmp_path, ignoring)
    assert not followed(tmp_path, SYSTEM, end)


@pytest.mark.parametrize("kind", ["submit", "status"])
def test_an_answer_that_comes_too_slowly_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    returned = operation(tmp_path, endless(b"x", pause_s=0.01), kind, within_s=0.3)
    assert (returned.outcome, returned.http_status) == ("info", 0)
    assert returned.error.startswith("TimeoutError: no whole answer within 0.3 s")
    assert returned.partial


@pytest.mark.parametrize("body", [b"[" * 100_000 + b"]" * 100_000, b"\xff\x00", b'{"status": ' + b"9" * 9999 + b"}"])
def test_json_that_cannot_be_read_is_none(tmp_path: Path, body: bytes) -> None:
    assert operation(tmp_path, lambda request: httpx.Response(200, content=body), "status").outcome == "info"


def test_a_task_id_that_is_as_long_as_a_book_is_none(tmp_path: Path) -> None:
    returned = operation(tmp_path, lambda request: httpx.Response(202, json={"task_id": "i" * 1001}), "submit")
    assert (returned.outcome, returned.task_id, returned.error) == ("info", "", "a task id of 1001 characters")


def test_a_state_that_is_as_long_as_a_book_is_cut(tmp_path: Path) -> None:
    returned = operation(tmp_path, lambda request: httpx.Response(200, json={"status": "S" * 5000}), "status")
    assert returned.state == "S" * 200


@pytest.mark.parametrize("task_id", ["a b?c#d", "a\x00\r\n", "\ud800", "é", "x" * 1000])
def test_any_task_id_can_be_asked_for(tmp_path: Path, task_id: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"status": "SUCCESS"})

    assert operation(tmp_path, answer, "status", task_id=task_id).outcome == "ok"
    assert asked == [f"/tasks/{task_id}".replace("\ud800", "?")]


METRICS = """# HELP tasks by state
# TYPE tasks gauge
tasks{state="SUCCESS"} 7.0
tasks{state="SUCCESSION"} 9
tasks_total 3e2 1700000000
"""


@pytest.mark.parametrize(
    ("sample", "value"),
    [('tasks{state="SUCCESS"}', 7), ("tasks_total", 300), ('tasks{state="FAILURE"}', 0)],
)
def test_a_sample_is_read_from_a_page_of_metrics(sample: str, value: float) -> None:
    assert counted(METRICS, sample) == value


@pytest.mark.parametrize("sample", ["tasks", 'jobs{state="SUCCESS"}', "jobs"])
def test_a_sample_that_no_page_has_is_no_zero(sample: str) -> None:
    with pytest.raises(ValueError, match=f"there is no {re.escape(sample)}"):
        counted(METRICS, sample)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (lambda request: httpx.Response(200, text=METRICS), (7, 0, "")),
        (lambda request: httpx.Response(500, text="oops"), (0, 0, "/metrics: ValueError: HTTP 500: 'oops'")),
        (
            lambda request: httpx.Response(200, text=""),
            (0, 0, '/metrics: ValueError: there is no tasks{state="SUCCESS"}'),
        ),
        (refusing(httpx.ReadError), (0, 0, "/metrics: ReadError: no")),
    ],
)
def test_what_the_metrics_count_is_recorded_or_why_it_cannot_be_read(
    tmp_path: Path, answer: Callable[[httpx.Request], httpx.Response], found: tuple[float, float, str]
) -> None:
    samples = {"success": 'tasks{state="SUCCESS"}', "failure": 'tasks{state="FAILURE"}'}
    system = System.model_validate({**SYSTEM.stored(), "metrics": {"path": "/metrics", **samples}})

    async def story() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            await Clients(
                HttpDriver(system, http, lambda component: "http://127.0.0.1:1"), system, recorder
            ).read_counts()

    recorder = Recorder(tmp_path / "history.jsonl")
    asyncio.run(story())
    recorder.close()
    counts = recorder.events[0]
    assert isinstance(counts, Counts)
    assert (counts.success, counts.failure, counts.error) == found


def test_a_lack_of_our_own_descriptors_is_no_answer_of_the_system(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no") from OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(StormproofError, match="out of file descriptors"):
        operation(tmp_path, answer, "submit")


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"to": "{key}"}, b'{"to":"storm-00ab-0007"}'),
        (["{key}", ["{number}"]], b'["storm-00ab-0007",[7]]'),
        ("{number}", b"7"),
        ("{key}", b'"storm-00ab-0007"'),
        ({"n": "{number}", "text": "no. {number}"}, b'{"n":7,"text":"no. 7"}'),
        (0, b"0"),
        ([], b"[]"),
        (None, b""),
    ],
)
def test_a_body_is_sent_as_it_is_described(tmp_path: Path, body: object, sent: bytes) -> None:
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.read())
        return httpx.Response(200, json={"task_id": 7})

    async def story() -> Returned:
        recorder = Recorder(tmp_path / "history.jsonl")
        submit = SYSTEM.submit.model_copy(update={"json_template": body, "headers": {"X-Number": "{number}"}})
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            system = SYSTEM.model_copy(update={"submit": submit})
            clients = Clients(HttpDriver(system, http, lambda component: "http://127.0.0.1:1"), system, recorder)
            returned = await clients.submit("storm-00ab-0007")
        recorder.close()
        return returned

    assert (asyncio.run(story()).task_id, seen) == ("7", [sent])


@pytest.mark.parametrize(("said", "state"), [(True, "true"), (False, "false"), (3, "3"), ("DONE", "DONE")])
def test_a_state_may_be_a_truth_value_or_a_number(tmp_path: Path, said: object, state: str) -> None:
    assert operation(tmp_path, lambda request: httpx.Response(200, json={"status": said}), "status").state == state
