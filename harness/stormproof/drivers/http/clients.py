"""The clients of a run: they submit tasks over HTTP, follow each to its end, and record every operation."""

from __future__ import annotations

import asyncio
import itertools
import math
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from stormproof.drivers.http import answers
from stormproof.drivers.http.answers import MOST_BYTES, Answer
from stormproof.errors import exhausted
from stormproof.history import Counts, Invoked, Purpose, Returned
from stormproof.history.recorder import Recorder
from stormproof.spec.system import System
from stormproof.spec.templates import fill, fill_all
from stormproof.spec.workload import number_of, text

_PATIENCE, _SLOWEST_POLL_S = 1.5, 2.0
"""A client that waits asks less and less often: a hundred impatient ones would be a storm of their own."""

_SILENCE_S, _WITHIN_S = 40.0, 45.0
"""For how long nothing may come, and all: an answer that comes byte by byte for ever has no end by itself."""
_LONGEST_VALUE = 1 << 16
"""Of a longer result the history has the beginning. The probe keeps values up to 4 KiB, so none of them can be meant."""


def connections() -> httpx.AsyncClient:
    """A connection for each operation: one that the server closes while it idles would look like a lost answer."""
    return httpx.AsyncClient(
        trust_env=False,
        verify=False,  # noqa: S501 - plain HTTP on loopback; reading the machine's certificates would only cost time.
        timeout=httpx.Timeout(_SILENCE_S),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
    )


class Clients:
    """`submitting`: how many submissions await their answer. `accepted`: key -> task id of what the system has taken first;
    `tasks`: task id -> key of all that it has taken. `latest`: the answer that came last. `described`: the keys of all that was submitted
    from here, and so as the description says.
    """

    def __init__(
        self,
        system: System,
        http: httpx.AsyncClient,
        recorder: Recorder,
        address: Callable[[str], str],
        within_s: float = _WITHIN_S,
    ) -> None:
        self._within_s = within_s
        self._system, self._http, self._recorder, self._address = system, http, recorder, address
        self._numbers = itertools.count()
        self._stopped = False
        self.submitting = 0
        self.latest: Answer | None = None
        self.described: set[str] = set()
        self.accepted: dict[str, str] = {}
        self.tasks: dict[str, str] = {}

    async def submit(self, key: str, client: int = 0, purpose: Purpose = "workload") -> Returned:
        """One `submit` operation: what went wrong is in what it returns. Raises only what is no fault of the system's: StormproofError
        where the harness itself is short of descriptors.
        """
        how = self._system.submit
        op = self._invoke("submit", key, client, purpose)
        values: dict[str, str | int] = {"key": key, "number": number_of(key), "text": text(key)}
        body = fill_all(how.json_template, values, "submit.json")
        headers = {name: fill(value, values, "submit.headers") for name, value in how.headers.items()}
        path = fill(how.path, {**values, "text": quote(text(key), "")}, "submit.path")
        self.described.add(key)
        self.submitting += 1
        try:
            answer = await self._ask(how.method, self._address(how.component) + path, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return self._record(answers.unanswered(error, op=op, t=self._recorder.now()))
        finally:
            self.submitting -= 1
        returned = answers.submitted(how, answer, op=op, t=self._recorder.now())
        if returned.outcome == "ok":
            self.take(key, returned.task_id)
        return self._record(returned)

    def take(self, key: str, task_id: str) -> None:
        """The system has accepted this submission: from now on it is a promise, and will be read."""
        self.accepted.setdefault(key, task_id)
        self.tasks[task_id] = key

    async def status(self, key: str, task_id: str, client: int = 0, purpose: Purpose = "workload") -> Returned:
        """One `status` operation; raises what `submit` raises."""
        how = self._system.status
        op = self._invoke("status", key, client, purpose, task_id)
        path = fill_all(how.path, {"task_id": quote(task_id, "/:@!$&'()*+,;=~", errors="replace")}, "status.path")
        try:
            answer = await self._ask("GET", self._address(self._system.submit.component) + path)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return self._record(answers.unanswered(error, op=op, t=self._recorder.now(), task_id=task_id))
        return self._record(answers.read(how, answer, op=op, t=self._recorder.now(), task_id=task_id))

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
        """Ask for the status again and again until it is terminal (True), or `stop` is called or the time is out.

        Where results are ignored no status ever is: then the probe's word that the task has ended will do.
        """
        deadline = self._recorder.now() + within_s
        ended = self._recorder.picture.ended if self._system.promises.results == "ignored" else {}
        while not self._stopped and self._recorder.now() < deadline:
            if (await self.status(key, task_id, client, purpose)).terminal or task_id in ended:
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

    async def read_counts(self) -> None:
        """Record what the system's metrics count now, if its description says where they are. Raises what `submit` raises."""
        how = self._system.metrics
        if how is None:
            return
        found = {"success": 0.0, "failure": 0.0}
        error = ""
        try:
            answer = await self._ask("GET", self._address(how.component) + how.path)
            if answer.status_code != 200:
                raise ValueError(answer.said)
            page = answer.body.decode("utf-8", "replace")
            found = {"success": counted(page, how.success), "failure": counted(page, how.failure)}
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as failure:
            error = f"{how.path}: {type(failure).__name__}: {failure}"
        self._recorder.add(Counts(t=self._recorder.now(), error=error, **found))

    def _invoke(self, kind: Any, key: str, client: int, purpose: Purpose, task_id: str = "") -> int:
        number = next(self._numbers)
        self._recorder.add(
            Invoked(
                t=self._recorder.now(), op=number, kind=kind, key=key, client=client, task_id=task_id, purpose=purpose
            )
        )
        return number

    async def _ask(self, method: str, url: str, **more: Any) -> Answer:
        """One request, of whose answer no more is read than is good for us. Raises httpx.HTTPError, InvalidURL, TimeoutError."""
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
        self.latest = Answer(answer.status_code, answer.headers.get("retry-after"), bytes(body[: MOST_BYTES + 1]))
        return self.latest

    def _record(self, returned: Returned) -> Returned:
        self._recorder.add(msgspec.structs.replace(returned, value=returned.value[:_LONGEST_VALUE]))
        return returned


def counted(page: str, sample: str) -> float:
    """The value of a sample on a page of metrics; 0 where others of its name are there, as what never happened has no line.

    Raises ValueError for a name that is not on the page, and for what is no number.
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
    """Raise StormproofError where a connection failed as the harness is short of something: the system cannot help that."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and (ours := exhausted(seen)):
            raise ours from error
        seen = seen.__cause__ or seen.__context__
