"""The clients of a run: they submit tasks through the system's driver, follow each to its end, and record every operation."""

from __future__ import annotations

import asyncio
import itertools
import math
import uuid

import msgspec

from stormproof.drivers import driver as protocols
from stormproof.drivers.driver import Driver, Reply
from stormproof.history import Counts, Invoked, OpKind, Purpose, Returned
from stormproof.history.recorder import Recorder
from stormproof.spec.system import System

_PATIENCE, _SLOWEST_POLL_S = 1.5, 2.0
"""A waiting client polls less and less often: a hundred that poll fast would be a load test of their own."""

_LONGEST_VALUE = 1 << 16
"""A longer result is cut off in the history. The probe keeps values up to 4 KiB, so such a result cannot equal one of
them.
"""


class Clients:
    """Submits the workload and follows each task to its end.

    `submitting`: how many submissions await their answer. `accepted`: key -> the first task id that the system
    returned; `tasks`: task id -> key, for all of them. `latest`: the outcome of the latest operation. `described`: the
    keys of the submissions made from here, and so as the description says.
    """

    def __init__(self, driver: Driver, system: System, recorder: Recorder) -> None:
        self._driver, self._system, self._recorder = driver, system, recorder
        self._numbers = itertools.count()
        self._stopped = False
        self.submitting = 0
        self.latest: Reply | None = None
        self.described: set[str] = set()
        self.accepted: dict[str, str] = {}
        self.tasks: dict[str, str] = {}

    async def submit(self, key: str, client: int = 0, purpose: Purpose = "workload") -> Returned:
        """One `submit` operation; failures are in the returned value. Raises only errors that the system did not cause:
        StormproofError if the harness itself is short of descriptors.
        """
        op = self._invoke("submit", key, client, purpose)
        self.described.add(key)
        self.submitting += 1
        try:
            reply = await self._driver.submit(key)
        finally:
            self.submitting -= 1
        if reply.outcome == "ok":
            self.take(key, reply.task_id)
        return self._returned(op, reply)

    def take(self, key: str, task_id: str) -> None:
        """Record that the system has accepted this submission: from now on it is a promise, and its status is read."""
        self.accepted.setdefault(key, task_id)
        self.tasks[task_id] = key

    async def status(self, key: str, task_id: str, client: int = 0, purpose: Purpose = "workload") -> Returned:
        """One `status` operation; raises the same errors as `submit`."""
        op = self._invoke("status", key, client, purpose, task_id)
        return self._returned(op, await self._driver.status(task_id))

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
        """Poll the status until it is terminal (True), `stop` is called, or the time runs out.

        If results are ignored, no status ever becomes terminal; then the probe's report that the task has ended is
        enough.
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
        """Have all followers end after their current operation."""
        self._stopped = True

    async def read_all(self) -> None:
        """Read the status of each task once more, now that nothing can change. If it is promised, also that of a task
        that was never submitted.
        """
        for task_id, key in self.tasks.items():
            await self.status(key, task_id)
        if self._system.status.unknown_codes:
            await self.status("", str(uuid.uuid4()), purpose="stranger")

    async def read_counts(self) -> None:
        """Record the current counts of the system's metrics, if its description says where they are. Raises the same
        errors as `submit`.
        """
        if self._system.metrics is not None and isinstance(self._driver, protocols.Counts):
            success, failure, error = await self._driver.counts()
            self._recorder.add(Counts(t=self._recorder.now(), success=success, failure=failure, error=error))

    def _invoke(self, kind: OpKind, key: str, client: int, purpose: Purpose, task_id: str = "") -> int:
        number = next(self._numbers)
        self._recorder.add(
            Invoked(
                t=self._recorder.now(), op=number, kind=kind, key=key, client=client, task_id=task_id, purpose=purpose
            )
        )
        return number

    def _returned(self, op: int, reply: Reply) -> Returned:
        self.latest = reply
        event = returned(reply, op=op, t=self._recorder.now())
        self._recorder.add(msgspec.structs.replace(event, value=event.value[:_LONGEST_VALUE]))
        return event


def returned(reply: Reply, *, op: int, t: float) -> Returned:
    """The event for an operation with this reply, at `t`."""
    fields = {name: getattr(reply, name) for name in Reply.__struct_fields__ if name != "document"}
    return Returned(t=t, op=op, **fields)
