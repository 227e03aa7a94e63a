"""The kit for drivers: that of HTTP passes, and each planted mistake is named."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest
from stormproof.drivers.driver import Reply
from stormproof.drivers.http.driver import HttpDriver
from stormproof.spec.system import System
from stormproof.testing import TASK_ID, Behaviour, check_driver

SYSTEM = System.model_validate(
    {
        "name": "mine",
        "redis": {"broker": {}},
        "results": None,
        "components": {"api": {"role": "api", "command": ["api"]}},
        "submit": {"path": "/tasks/{key}", "json": {"to": "{key}"}, "task_id": "task.id", "accept": [202]},
        "status": {"path": "/tasks/{task_id}", "state": "tasks.0.state"},
    }
)


class Patient(HttpDriver):
    """Waits half a second, and no longer."""

    def __init__(self, system: System, http: httpx.AsyncClient, address: Callable[[str], str]) -> None:
        super().__init__(system, http, address, within_s=0.5)


def test_the_driver_of_http_is_one() -> None:
    check_driver(Patient, SYSTEM)


class CallsALostAnswerFail(Patient):
    async def submit(self, key: str) -> Reply:
        reply = await super().submit(key)
        lost = reply.outcome == "info" and not reply.http_status
        return msgspec.structs.replace(reply, outcome="fail") if lost else reply


class CallsARefusedConnectionInfo(Patient):
    async def submit(self, key: str) -> Reply:
        reply = await super().submit(key)
        return reply if reply.http_status else msgspec.structs.replace(reply, outcome="info")


class CallsAnErrorFail(Patient):
    async def submit(self, key: str) -> Reply:
        reply = await super().submit(key)
        return msgspec.structs.replace(reply, outcome="fail") if reply.http_status >= 400 else reply


class AcceptsWithoutId(Patient):
    async def submit(self, key: str) -> Reply:
        reply = await super().submit(key)
        return msgspec.structs.replace(reply, outcome="ok") if reply.http_status == 202 else reply


class SaysNotWhy(Patient):
    async def submit(self, key: str) -> Reply:
        return msgspec.structs.replace(await super().submit(key), error="")


class Raises(Patient):
    async def submit(self, key: str) -> Reply:
        reply = await super().submit(key)
        if not reply.http_status:
            raise httpx.ReadError(reply.error)
        return reply


class ForgetsTheId(Patient):
    async def status(self, task_id: str) -> Reply:
        return msgspec.structs.replace(await super().status(task_id), task_id="")


class WaitsForEver(HttpDriver):
    """Its patience is longer than the test's."""


@pytest.mark.parametrize(
    ("driver", "sentence"),
    [
        (CallsALostAnswerFail, "^submit is 'fail' where the connection is closed after the request was read, and should be 'info': nobody knows"),
        (CallsARefusedConnectionInfo, "^submit is 'info' where nobody listens, and should be 'fail': nothing reached the system$"),
        (CallsAnErrorFail, "^submit is 'fail' where the system reports an error of its own, and should be 'info'$"),
        (AcceptsWithoutId, "^submit is 'ok' where the answer accepts and names no id, and should be 'info'$"),
        (SaysNotWhy, "^submit is 'fail' where nobody listens, and does not say why in `error`$"),
        (Raises, "^submit, where nobody listens, raises ReadError: ConnectError"),
        (ForgetsTheId, f"^status, where nobody listens, returns the task id '' for '{TASK_ID}'$"),
        (WaitsForEver, "^submit, where no answer comes, does not return within 1 s"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)  # fmt: skip
def test_a_driver_with_a_mistake_is_told_which(driver: Any, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_driver(driver, SYSTEM, within_s=1.0)


class InMemory:
    """A driver of no HTTP: a behaviour is its address."""

    def __init__(self, system: System, http: httpx.AsyncClient, address: Callable[[str], str]) -> None:
        self.address = address

    async def submit(self, key: str) -> Reply:
        behaviour = self.address("api")
        if behaviour == "accepts":
            return Reply(outcome="ok", task_id=TASK_ID)
        return Reply(outcome="fail" if behaviour in ("absent", "refuses") else "info", error=behaviour)

    async def status(self, task_id: str) -> Reply:
        if self.address("api") == "accepts":
            return Reply(outcome="ok", task_id=task_id, state="done", terminal=True, success=True)
        return Reply(outcome="info", task_id=task_id, error="no")


@contextlib.asynccontextmanager
async def in_memory(behaviour: Behaviour) -> AsyncIterator[str]:
    yield behaviour


def test_a_driver_of_another_protocol_brings_its_own_server() -> None:
    check_driver(InMemory, SYSTEM, in_memory)
