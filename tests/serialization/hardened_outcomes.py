"""What the hardened system promises of outcomes: whatever a task returns or raises, the journal has its end, and the API tells it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from celery.backends.base import Backend
from endings import Raised, Returned
from hardened.api import create_app
from hardened.celery_config import worker_config
from hardened.digest import digest_of
from hardened.journal import Journal
from hardened.once import OnceTask
from hardened.settings import Settings
from in_process_worker import InProcessWorker, Ran
from result_stores import Store
from stormproof.serializers.exact import brief, difference

ARGUMENTS = {"recipient": "a@example.org", "content": "x"}
Did = Returned | Raised


class Scripted(OnceTask):
    """Does what it is told to."""

    name = "scripted"
    did: Did = Returned(None)

    def run(self, **_: Any) -> Any:
        return self.did()


class Nobody:
    """Neither publishes nor counts."""

    def publish(self, *_: Any) -> None:
        """Nothing is sent here."""

    def length(self) -> int:
        return 0


class System:
    """Worker, journal and API of the hardened system, in this process."""

    def __init__(self, app: Any, settings: Settings, runner: asyncio.Runner, api: httpx.AsyncClient) -> None:
        self.journal = Journal(settings.journal_path)
        self.task = Scripted(settings, self.journal, jitter=lambda: 0.0)
        app.register_task(self.task)
        self.backend: Backend = app.backend
        self._worker = InProcessWorker(app)
        self._worker.take(self.task)
        self._runner, self._api = runner, api

    def deliver(self, did: Did, task_id: str = "") -> Ran:
        """Send the task and work on it, as its worker does."""
        task_id = task_id or str(uuid.uuid4())
        self.task.did = did
        headers = {"digest": digest_of(task_id, ARGUMENTS)}
        return self._worker.send(self.task, (), ARGUMENTS, task_id, headers, ignore_result=True)

    def status(self, task_id: str) -> httpx.Response:
        """What a caller gets."""
        return self._runner.run(self._api.get(f"/task-status/{task_id}"))


@contextmanager
def system(store: Store, folder: Path) -> Iterator[System]:
    """As it is configured for production, but for its places."""
    settings = Settings(_env_file=None, journal_path=folder / "journal.sqlite3")  # type: ignore[call-arg]
    transport = httpx.ASGITransport(create_app(settings, Nobody(), Nobody()), raise_app_exceptions=False)
    with asyncio.Runner() as runner, store.app("json", **worker_config(settings)) as app:
        api = httpx.AsyncClient(transport=transport, base_url="http://hardened")
        try:
            yield System(app, settings, runner, api)
        finally:
            runner.run(api.aclose())


def tells_its_end(of: System, did: Did) -> None:
    """AssertionError where the journal has no end of it, or the API does not tell it as it was."""
    ran = of.deliver(did)
    assert not ran.ended_the_worker, f"the worker ends: {brief(ran.error)}"
    found = of.journal.find(ran.task_id)
    assert found is not None and found.state in ("SUCCESS", "FAILURE", "RETRY"), f"no end: {found and found.state}"
    answer = of.status(ran.task_id)
    assert answer.status_code == 200, f"the API answers {answer.status_code}"
    told = json.loads(answer.text, parse_constant=_is_no_json)
    assert told["status"] == found.state
    if isinstance(did, Raised):
        assert found.state != "SUCCESS", "an error is a SUCCESS"
        _names(told["error"], did.error)
    elif found.state == "SUCCESS":
        changed = difference(json.loads(json.dumps(did.value)), told["result"])
        assert not changed, f"the result changes: {changed}"
        assert not _has_lost_keys(did.value, told["result"]), "keys are lost"
    else:
        assert not _is_plain(did.value), "an ordinary result is refused"


def _names(told: dict[str, str], error: BaseException) -> None:
    assert told["type"] == type(error).__name__[:500], f"unnamed: {told['type']}"
    try:
        said = str(error)[:500]
    except Exception:
        said = ""
    assert told["message"] == said.encode("utf-8", "backslashreplace").decode(), "the message changes"


def _is_no_json(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def _has_lost_keys(sent: Any, got: Any) -> bool:
    return isinstance(sent, dict) and len(sent) != len(got)


def _is_plain(value: Any) -> bool:
    """What every JSON serializer takes: one value, or a mapping by text of such."""
    if isinstance(value, dict):
        return all(map(_is_scalar, [*value.keys(), *value.values()])) and all(isinstance(key, str) for key in value)
    return _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    """ASCII, an integer of 64 bits, or a constant."""
    if type(value) is str:
        return value.isascii()
    return value is None or type(value) is bool or (type(value) is int and abs(value) < 2**64)
