"""What callers of the hardened API see."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hardened.api import create_app
from hardened.claims import Claim, claim
from hardened.journal import Journal
from hardened.publisher import BrokerUnavailableError
from hardened.settings import Settings

MAIL = {"recipient": "a@example.org", "content": "hello"}


class StubPublisher:
    """Counts; while `broken`, fails; while `gate` is closed, blocks as a frozen broker would."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def publish(self, task_id: str, arguments: dict[str, Any]) -> None:
        self.gate.wait(5)
        if self.broken:
            raise BrokerUnavailableError("stub")
        self.sent.append(task_id)


class StubQueue:
    """A broker that answers, or (None) does not."""

    answer: int | None = 0

    def length(self) -> int | None:
        return self.answer


class Client:
    """Calls the application as a server would, with no socket between."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._request("GET", path))

    def post(self, path: str, **what: Any) -> httpx.Response:
        return asyncio.run(self._request("POST", path, **what))

    async def _request(self, method: str, path: str, **what: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://hardened") as client:
            return await client.request(method, path, **what)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, journal_path=tmp_path / "journal.sqlite3")  # type: ignore[call-arg]


@pytest.fixture
def publisher() -> Iterator[StubPublisher]:
    stub = StubPublisher()
    yield stub
    stub.gate.set()


@pytest.fixture
def queue() -> StubQueue:
    return StubQueue()


@pytest.fixture
def client(settings: Settings, publisher: StubPublisher, queue: StubQueue) -> Client:
    return Client(create_app(settings, publisher, queue))


def test_a_submission_is_accepted_with_its_place(client: Client, publisher: StubPublisher) -> None:
    answer = client.post("/send-email", json=MAIL)
    task_id = answer.json()["task_id"]
    assert answer.status_code == 202 and answer.headers["location"] == f"/task-status/{task_id}"
    assert publisher.sent == [task_id]
    assert client.get(answer.headers["location"]).json() == {
        "task_id": task_id,
        "status": "PENDING",
        "result": None,
        "error": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        {"recipient": "nobody", "content": "x"},
        {"recipient": "a@example.org\r\nBcc: b@example.org", "content": "x"},
        {"recipient": "a@example.org"},
        {"recipient": "a@example.org", "content": "ä" * 32769},
        {"recipient": "a@example.org", "content": "x", "subject": "y"},
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(client: Client, publisher: StubPublisher, body: Any) -> None:
    assert client.post("/send-email", json=body).status_code == 422
    assert publisher.sent == [] and client.get("/readyz").json()["open_submissions"] == 0


def test_content_that_is_no_unicode_is_refused(client: Client) -> None:
    body = b'{"recipient": "a@example.org", "content": "\\ud800"}'
    answer = client.post("/send-email", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.json()["detail"][0]["loc"] == ["body", "content"]


def test_a_body_that_cannot_be_read_is_refused(client: Client, publisher: StubPublisher) -> None:
    for body in (b"\xff", b'{"recipient": "\xff"}', b"[" * 100_000):
        answer = client.post("/send-email", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422) and answer.json()["detail"]
    assert publisher.sent == []


def test_content_of_exactly_the_limit_is_taken(client: Client) -> None:
    assert client.post("/send-email", json=MAIL | {"content": "ä" * 32768}).status_code == 202


def test_a_repeated_submission_is_the_same_task_and_published_once(client: Client, publisher: StubPublisher) -> None:
    ids = {client.post("/send-email", json=MAIL).json()["task_id"] for _ in range(3)}
    assert publisher.sent == list(ids)


def test_an_idempotency_key_tells_equal_requests_apart_and_refuses_another_request(
    client: Client, publisher: StubPublisher
) -> None:
    def post(key: str, content: str) -> httpx.Response:
        return client.post("/send-email", json=MAIL | {"content": content}, headers={"Idempotency-Key": key})

    assert post("one", "x").json() == post("one", "x").json() != post("two", "x").json()
    assert post("one", "y").status_code == 422
    assert len(publisher.sent) == 2


def test_a_broker_that_is_down_means_503_and_no_promise_and_a_repetition_is_published(
    client: Client, publisher: StubPublisher
) -> None:
    publisher.broken = True
    answer = client.post("/send-email", json=MAIL)
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert client.get("/readyz").json()["open_submissions"] == 0
    publisher.broken = False
    assert client.post("/send-email", json=MAIL).status_code == 202
    assert len(publisher.sent) == 1


async def _burst(settings: Settings, publisher: StubPublisher, bodies: list[dict[str, str]], thaw: bool) -> list[int]:
    publisher.gate.clear()
    app = create_app(settings, publisher, StubQueue())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hardened") as client:
        posts = [asyncio.create_task(client.post("/send-email", json=body)) for body in bodies]
        await asyncio.sleep(0)
        began = time.monotonic()
        assert (await client.get("/healthz")).status_code == 200
        assert time.monotonic() - began < 0.5, "the event loop was blocked"
        if thaw:
            # Time enough for a second publication to begin, if anything lets it.
            await asyncio.sleep(0.2)
            publisher.gate.set()
        codes = [(await post).status_code for post in posts]
        # What was under way ends in its thread; let it, so that the executor can be left.
        publisher.gate.set()
        return codes


def test_twenty_identical_submissions_at_once_are_published_once(settings: Settings, publisher: StubPublisher) -> None:
    assert asyncio.run(_burst(settings, publisher, [MAIL] * 20, thaw=True)) == [202] * 20
    assert len(publisher.sent) == 1


def test_a_frozen_broker_means_503_for_all_and_blocks_nobody_else(settings: Settings, publisher: StubPublisher) -> None:
    began = time.monotonic()
    bodies = [MAIL | {"content": str(number)} for number in range(20)]
    codes = asyncio.run(_burst(settings, publisher, bodies, thaw=False))
    assert codes == [503] * 20
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("task_id", ["nothing", "a%2Fb", "nothing%2F", "%00", "..", "x" * 255])
def test_an_unknown_task_is_404(client: Client, task_id: str) -> None:
    assert client.get(f"/task-status/{task_id}").status_code == 404


def test_what_cannot_be_an_id_is_refused(client: Client) -> None:
    assert client.get("/task-status/" + "x" * 256).status_code == 422


def test_callers_and_their_tools_find_everything_in_the_document(client: Client) -> None:
    document = client.get("/openapi.json").json()
    accepted = document["paths"]["/send-email"]["post"]["responses"]["202"]
    assert (
        accepted["links"]["status"]["operationId"] == document["paths"]["/task-status/{task_id}"]["get"]["operationId"]
    )
    states = document["components"]["schemas"]["TaskStatus"]["properties"]["status"]["enum"]
    assert states == ["PENDING", "STARTED", "RETRY", "SUCCESS", "FAILURE"]


def test_a_failed_task_shows_type_and_message(client: Client, settings: Settings) -> None:
    task_id = client.post("/send-email", json=MAIL).json()["task_id"]
    mine = claim(Journal(settings.journal_path), task_id, MAIL, lease_s=10, max_deliveries=3)
    assert isinstance(mine, Claim)
    mine.fail("MailRefusedError", "550 never")
    assert client.get(f"/task-status/{task_id}").json() == {
        "task_id": task_id,
        "status": "FAILURE",
        "result": None,
        "error": {"type": "MailRefusedError", "message": "550 never"},
    }
    assert 'hardened_failures{type="MailRefusedError"} 1.0' in client.get("/metrics").text


def test_readiness_tells_of_the_broker_and_always_of_the_open_submissions(client: Client, queue: StubQueue) -> None:
    client.post("/send-email", json=MAIL)
    assert client.get("/readyz").json() == {"broker": True, "open_submissions": 1}
    queue.answer = None
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"broker": False, "open_submissions": 1})
    assert int(answer.headers["retry-after"]) > 0


def test_a_journal_that_cannot_be_written_means_503(publisher: StubPublisher, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, journal_path=tmp_path / "missing" / "journal")  # type: ignore[call-arg]
    client = Client(create_app(settings, publisher, StubQueue()))
    answer = client.post("/send-email", json=MAIL)
    assert answer.status_code == 503 and "journal" not in answer.text
    assert publisher.sent == []
