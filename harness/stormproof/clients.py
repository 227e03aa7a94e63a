"""The clients of a run: they submit tasks over HTTP, follow each to its end, and record every operation."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from stormproof.history import Invoked, Outcome, Purpose, Returned
from stormproof.recorder import Recorder
from stormproof.system import System, fill_all, pick

_PATIENCE, _SLOWEST_POLL_S = 1.5, 2.0
"""A client that waits asks less and less often: a hundred impatient ones would be a storm of their own."""

_PROVEN_FAIL = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Exceptions of which it is certain that no byte of the request reached the system; all others leave it unknown."""


class Clients:
    """`submitting`: how many submissions await their answer. `accepted`: key -> task id of what the system has taken first;
    `tasks`: task id -> key of all that it has taken.
    """

    def __init__(
        self, system: System, http: httpx.AsyncClient, recorder: Recorder, address: Callable[[str], str]
    ) -> None:
        self._system, self._http, self._recorder, self._address = system, http, recorder, address
        self._numbers = itertools.count()
        self._stopped = False
        self.submitting = 0
        self.accepted: dict[str, str] = {}
        self.tasks: dict[str, str] = {}

    async def submit(self, key: str, client: int = 0, purpose: Purpose = "workload") -> Returned:
        """One `submit` operation. Never raises: what went wrong is in what it returns."""
        how = self._system.submit
        number = self._invoke("submit", key, client, purpose)
        body = fill_all(how.json_template, {"key": key}, "submit.json")
        headers = fill_all(how.headers, {"key": key}, "submit.headers")
        self.submitting += 1
        try:
            answer = await self._http.request(
                how.method, self._address(how.component) + how.path, json=body, headers=headers
            )
        except httpx.HTTPError as error:
            return self._failed(number, error)
        finally:
            self.submitting -= 1
        task_id = str(pick(_json(answer), how.task_id) or "")
        outcome: Outcome = "info"
        if answer.status_code in how.accept and task_id:
            outcome = "ok"
            self.accepted.setdefault(key, task_id)
            self.tasks[task_id] = key
        elif answer.status_code in how.refused:
            outcome = "fail"
        return self._answered(number, answer, outcome=outcome, task_id=task_id)

    async def status(self, key: str, task_id: str, client: int = 0, purpose: Purpose = "workload") -> Returned:
        """One `status` operation. Never raises."""
        how = self._system.status
        number = self._invoke("status", key, client, purpose, task_id)
        path = fill_all(how.path, {"task_id": task_id}, "status.path")
        try:
            answer = await self._http.get(self._address(self._system.submit.component) + path)
        except httpx.HTTPError as error:
            return self._failed(number, error, task_id)
        document = _json(answer)
        state = str(pick(document, how.state) or "")
        if answer.status_code != 200 or not state:
            return self._answered(number, answer, outcome="info", task_id=task_id)
        success = state in how.success
        terminal = success or state in how.failure
        result = pick(document, how.result) if how.result else None
        return self._answered(
            number,
            answer,
            outcome="ok",
            task_id=task_id,
            state=state,
            terminal=terminal,
            success=success,
            value="" if result is None else json.dumps(result, sort_keys=True),
        )

    async def follow(
        self,
        key: str,
        task_id: str,
        *,
        every_s: float,
        client: int = 0,
        purpose: Purpose = "workload",
        within_s: float = math.inf,
    ) -> bool:
        """Ask for the status again and again until it is terminal (True), or `stop` is called or the time is out."""
        deadline = self._recorder.now() + within_s
        while not self._stopped and self._recorder.now() < deadline:
            if (await self.status(key, task_id, client, purpose)).terminal:
                return True
            await asyncio.sleep(every_s)
            every_s = min(every_s * _PATIENCE, _SLOWEST_POLL_S)
        return False

    def stop(self) -> None:
        """Have all followers end after the operation that they are in."""
        self._stopped = True

    async def read_all(self) -> None:
        """Ask once more for each task, now that nothing can change; and for one that nobody has submitted, where that is promised."""
        for task_id, key in self.tasks.items():
            await self.status(key, task_id)
        if self._system.status.unknown_codes:
            await self.status("", str(uuid.uuid4()), purpose="stranger")

    def _invoke(self, kind: Any, key: str, client: int, purpose: Purpose, task_id: str = "") -> int:
        number = next(self._numbers)
        self._recorder.add(
            Invoked(
                t=self._recorder.now(), op=number, kind=kind, key=key, client=client, task_id=task_id, purpose=purpose
            )
        )
        return number

    def _failed(self, number: int, error: httpx.HTTPError, task_id: str = "") -> Returned:
        outcome: Outcome = "fail" if isinstance(error, _PROVEN_FAIL) else "info"
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        returned = Returned(t=self._recorder.now(), op=number, outcome=outcome, task_id=task_id, error=said)
        self._recorder.add(returned)
        return returned

    def _answered(self, number: int, answer: httpx.Response, **more: Any) -> Returned:
        error = "" if more["outcome"] == "ok" else f"HTTP {answer.status_code}: {answer.text[:120]!r}"
        returned = Returned(
            t=self._recorder.now(),
            op=number,
            http_status=answer.status_code,
            retry_after="retry-after" in answer.headers,
            error=error,
            **more,
        )
        self._recorder.add(returned)
        return returned


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
