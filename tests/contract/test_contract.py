"""The hardened API answers as its OpenAPI document says, and nothing else; and the tutorial's does not."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import planted
import pytest
from celery import current_app
from contract import IS_DEEP, Contract, hold
from fastapi import responses
from hardened import api, requests
from hardened.api import create_app
from hardened.claims import Claim, claim
from hardened.journal import Journal
from hardened.publisher import BrokerUnavailableError
from hardened.settings import Settings
from pydantic import ConfigDict

TUTORIAL = "an answer that its own model forbids (the tutorial)"
EXAMPLES = 2000 if IS_DEEP else 40


class Broker:
    """Accepts, and has each task at another state at once; or is down."""

    def __init__(self, journal_path: Path, *, up: bool = True) -> None:
        self.settings = Settings(_env_file=None, journal_path=journal_path)  # type: ignore[call-arg]
        self._journal, self._up, self._published = Journal(journal_path), up, 0

    def publish(self, task_id: str, arguments: dict[str, Any]) -> None:
        if not self._up:
            raise BrokerUnavailableError("stub")
        self._published += 1
        if self._published % 5:
            mine = claim(self._journal, task_id, arguments, lease_s=60, max_deliveries=3)
            assert isinstance(mine, Claim)
            ends: list[Callable[[], None]] = [
                lambda: None,
                lambda: mine.release("MailDeferredError", "451 later", 3),
                lambda: mine.succeed({"status": "sent", "recipient": arguments["recipient"]}),
                lambda: mine.fail("MailRefusedError", "550 never"),
            ]
            ends[self._published % 5 - 1]()

    def length(self) -> int | None:
        return 0 if self._up else None


def app_with(broker: Broker) -> Any:
    """The API, with this broker."""
    return create_app(broker.settings, broker, broker)


def test_with_a_broker_each_answer_is_as_described(tmp_path: Path) -> None:
    """Sound and unsound requests; also those that follow from an answer, by its link."""
    contract = hold(app_with(Broker(tmp_path / "journal")), examples=EXAMPLES)
    assert contract.breaches == []
    assert {code for operation, code in contract.answers if operation == "GET /task-status/{task_id}"} == {
        200,
        404,
        422,
    }
    assert {code for operation, code in contract.answers if operation == "POST /send-email"} >= {202, 422}


def test_without_a_broker_each_answer_is_as_described(tmp_path: Path) -> None:
    """503 with its header, from whatever needs the broker, and from nothing else."""
    contract = hold(app_with(Broker(tmp_path / "journal", up=False)), codes=("2xx", "4xx", "503"), examples=EXAMPLES)
    assert contract.breaches == []
    assert {operation for operation, code in contract.answers if code == 503} == {"POST /send-email", "GET /readyz"}


def test_without_a_journal_each_answer_is_as_described(tmp_path: Path) -> None:
    """All but the process itself is unavailable."""
    contract = hold(app_with(Broker(tmp_path / "missing" / "journal")), codes=("2xx", "4xx", "503"), examples=EXAMPLES)
    assert contract.breaches == []
    assert {operation for operation, code in contract.answers if code == 200} == {"GET /healthz"}


def test_each_answer_that_is_described_is_given(tmp_path: Path) -> None:
    """The document promises nothing that never comes. Whether Schemathesis sends what is no text at all is left to chance."""
    worlds = (
        Broker(tmp_path / "journal"),
        Broker(tmp_path / "journal", up=False),
        Broker(tmp_path / "missing" / "journal"),
    )
    given = {answer for broker in worlds for answer in hold(app_with(broker), examples=10).answers}
    document = app_with(worlds[0]).openapi()
    given.add(("POST /send-email", asyncio.run(answer_to_no_text(worlds[0]))))
    described = {
        (f"{method.upper()} {path}", int(code))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for code in operation["responses"]
    }
    assert described <= given


async def answer_to_no_text(broker: Broker) -> int:
    """The code of the answer to a body that cannot be read."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app_with(broker)), base_url="http://hardened") as client:
        return (
            await client.post("/send-email", content=b"\xff", headers={"content-type": "application/json"})
        ).status_code


def first_breach(contract: Contract) -> str:
    """By name of the operation, so that the order of requests does not count."""
    return min(map(str, contract.breaches), default="")


class Curt(responses.JSONResponse):
    """Leaves out its headers."""

    def __init__(self, content: Any, status_code: int = 200, **more: Any) -> None:
        more.pop("headers", None)
        super().__init__(content, status_code, **more)


def _raises(error: Exception) -> Callable[..., Any]:
    def raising(*_: Any) -> Any:
        raise error

    return raising


def _tolerant() -> AbstractContextManager[Any]:
    class Tolerant(requests.EmailRequest):
        model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})

    return patch.object(api, "EmailRequest", Tolerant)


BUGS: dict[str, tuple[bool, Callable[[], AbstractContextManager[Any]]]] = {
    "an unknown task is not described": (True, lambda: patch.object(api, "UNKNOWN", {})),
    "an unknown task is an error": (True, lambda: patch.object(Journal, "find", _raises(KeyError("task")))),
    "a state has another name": (True, lambda: patch.object(Claim, "fail", _fails_as("FAILED"))),
    "what is too much is overlooked": (True, _tolerant),
    "the place is not described": (
        True,
        lambda: patch.dict(api.ACCEPTED, {202: {"description": "accepted", "headers": _WRONG_HEADERS}}),
    ),
    "a refusal has another shape": (True, lambda: patch.dict(api.ACCEPTED, {422: {"model": requests.Problem}})),
    "the metrics are called JSON": (True, lambda: patch.object(api, "CONTENT_TYPE_LATEST", "application/json")),
    "nobody is told when to come again": (False, lambda: patch.object(api, "JSONResponse", Curt)),
    "a broker that is down is an error": (
        False,
        lambda: patch.object(Broker, "publish", _raises(RuntimeError("down"))),
    ),
}
_WRONG_HEADERS = {"Content-Location": {"required": True, "schema": {"type": "string"}}}


def _fails_as(state: str) -> Any:
    def fail(claim: Claim, *_: Any) -> None:
        with claim.journal.transaction() as db:
            db.execute("UPDATE submissions SET state = ? WHERE task_id = ?", (state, claim.task_id))

    return fail


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_breach_is_found(tmp_path: Path, bug: str) -> None:
    """An API that breaks its contract in one place; the list names the promise."""
    up, plant = BUGS[bug]
    with plant():
        contract = hold(app_with(Broker(tmp_path / "journal", up=up)), codes=("2xx", "4xx", "503"), examples=8)
    assert contract.breaches
    planted.same_as_kept("contract", bug, first_breach(contract))


def test_the_list_of_planted_breaches_has_none_that_is_gone() -> None:
    """It is what the documents quote."""
    planted.none_is_gone("contract", [*BUGS, TUTORIAL])


@pytest.fixture
def tutorial(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The tutorial's API with a broker and results in memory. It makes its Celery application everybody's: that is undone."""
    monkeypatch.setenv("CELERY_BROKER_URL", "memory://")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "cache+memory://")
    before = current_app._get_current_object()
    yield importlib.import_module("tutorial.api").app
    before.set_current()
    for name in ("tutorial.api", "tutorial.worker", "tutorial"):
        sys.modules.pop(name, None)


def test_the_tutorial_breaks_its_contract(tutorial: Any) -> None:
    """As thousands of teams have it (`result: dict = None`): the status of a task that has not ended is an error of the server."""
    contract = hold(tutorial, examples=8)
    assert "GET /task-status/{task_id}: not_a_server_error, 500" in map(str, contract.breaches)
    planted.same_as_kept("contract", TUTORIAL, first_breach(contract))
