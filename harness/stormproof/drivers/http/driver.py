"""HTTP, as a way to submit a task and to read its status. The only place that decides what an answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from stormproof.drivers.driver import Reply
from stormproof.drivers.http import answers, diagnosis
from stormproof.drivers.http.answers import MOST_BYTES, Answer
from stormproof.errors import UnreachableError, exhausted
from stormproof.spec.system import System
from stormproof.spec.templates import fill, fill_all, pick
from stormproof.spec.workload import number_of, text

FAILURES = (httpx.HTTPError, httpx.InvalidURL, TimeoutError)
"""The errors that a request may end in."""

_SILENCE_S, _WITHIN_S = 40.0, 45.0
"""Seconds without any data, and seconds in total: an answer that comes byte by byte would otherwise never end."""


def connections() -> httpx.AsyncClient:
    """A client that opens a connection for each operation: a pooled one that the server closes while idle would look
    like a lost answer.
    """
    return httpx.AsyncClient(
        trust_env=False,
        verify=False,  # noqa: S501 - plain HTTP on loopback; reading the machine's certificates would only cost time.
        timeout=httpx.Timeout(_SILENCE_S),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
    )


class HttpDriver:
    """Submits with one request, and reads the status with another, as `[submit]` and `[status]` say."""

    def __init__(
        self, system: System, http: httpx.AsyncClient, address: Callable[[str], str], within_s: float = _WITHIN_S
    ) -> None:
        self._system, self._http, self._address, self._within_s = system, http, address, within_s

    async def submit(self, key: str) -> Reply:
        """Submit one task."""
        how = self._system.submit
        values: dict[str, str | int] = {"key": key, "number": number_of(key), "text": text(key)}
        body = fill_all(how.json_template, values, "submit.json")
        headers = {name: fill(value, values, "submit.headers") for name, value in how.headers.items()}
        path = fill(how.path, {**values, "text": quote(text(key), "")}, "submit.path")
        try:
            answer = await self._ask(how.method, self._address(how.component) + path, json=body, headers=headers)
        except FAILURES as error:
            return answers.unanswered(error)
        return answers.submitted(how, answer)

    async def status(self, task_id: str) -> Reply:
        """Ask for a task's status."""
        how = self._system.status
        path = fill_all(how.path, {"task_id": quote(task_id, "/:@!$&'()*+,;=~", errors="replace")}, "status.path")
        try:
            answer = await self._ask("GET", self._address(self._system.submit.component) + path)
        except FAILURES as error:
            return msgspec.structs.replace(answers.unanswered(error), task_id=task_id)
        return msgspec.structs.replace(answers.read(how, answer), task_id=task_id)

    async def counts(self) -> tuple[float, float, str]:
        """The current counts of the system's metrics, as `[metrics]` says; zeros without that table."""
        how = self._system.metrics
        if how is None:
            return 0.0, 0.0, ""
        try:
            answer = await self._ask("GET", self._address(how.component) + how.path)
            if answer.status_code != 200:
                raise ValueError(answer.said)
            page = answer.body.decode("utf-8", "replace")
            return counted(page, how.success), counted(page, how.failure), ""
        except (*FAILURES, ValueError) as error:
            return 0.0, 0.0, f"{how.path}: {type(error).__name__}: {error}"

    async def backlog(self) -> int:
        """How much accepted work the system holds back itself, as `[backlog]` says; 0 without that table. Raises
        UnreachableError.
        """
        how = self._system.backlog
        if how is None:
            return 0
        try:
            answer = await self._http.get(self._address(how.component) + how.path, timeout=3)
            held = pick(answer.json(), how.field)
        except (*FAILURES, ValueError) as error:
            raise UnreachableError(f"{how.path}: {error}") from error
        if not isinstance(held, int):
            raise UnreachableError(f"{how.path} has no number at {how.field!r}")
        return held

    def of_submission(self, reply: Reply, *, soon: bool) -> str:
        """A mistake in `[submit]`."""
        answer, how = reply.document, self._system.submit
        if not isinstance(answer, Answer) or (soon and answer.status_code not in how.accept):
            return ""
        return diagnosis.of_submission(how, answer)

    def of_status(self, reply: Reply) -> str:
        """A mistake in `[status]`."""
        answer = reply.document
        return diagnosis.of_status(self._system.status, answer) if isinstance(answer, Answer) else ""

    def of_state(self, state: str) -> str:
        """A mistake in the lists of states."""
        return diagnosis.of_state(self._system.status, state)

    def of_result(self, reply: Reply) -> str:
        """A mistake in `status.result`."""
        answer = reply.document
        return diagnosis.of_result(self._system.status, answer) if isinstance(answer, Answer) else ""

    def mentions(self, reply: Reply, task_id: str) -> bool:
        """Whether some field of the answer is this id."""
        document = reply.document.document if isinstance(reply.document, Answer) else None
        return any(diagnosis.fields_with(document, task_id))

    def of_task_id(self, reply: Reply, ran: str) -> str:
        """A mistake in `submit.task_id`."""
        document = reply.document.document if isinstance(reply.document, Answer) else None
        return diagnosis.of_task_id(self._system.submit, document, ran)

    async def _ask(self, method: str, url: str, **more: Any) -> Answer:
        """Send one request and read its answer, up to the limits on size and time. Raises one of FAILURES."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._within_s), self._http.stream(method, url, **more) as answer:
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        break
        except TimeoutError as error:
            raise TimeoutError(f"no whole answer within {self._within_s:g} s, {len(body)} bytes of it") from error
        except httpx.HTTPError as error:
            _raise_if_ours(error)
            raise
        return Answer(answer.status_code, answer.headers.get("retry-after"), bytes(body[: MOST_BYTES + 1]))


def counted(page: str, sample: str) -> float:
    """The value of a sample on a page of metrics; 0 if there are others of its name, because an outcome that never
    happened has no line.

    Raises ValueError if its name is not on the page, or its value is not a number.
    """
    lines = [line for line in page.splitlines() if line and not line.startswith("#")]
    value = next((line[len(sample) :].split()[0] for line in lines if line.startswith(f"{sample} ")), None)
    if value is not None:
        return float(value)
    name = sample.partition("{")[0]
    if "{" in sample and f"# TYPE {name} " in page:
        return 0.0
    raise ValueError(f"there is no {sample}")


def _raise_if_ours(error: BaseException) -> None:
    """Raise StormproofError if a connection failed because the harness is short of something: the system did not cause
    that.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and (ours := exhausted(seen)):
            raise ours from error
        seen = seen.__cause__ or seen.__context__
