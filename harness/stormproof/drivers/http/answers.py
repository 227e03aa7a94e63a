"""What came back, and what it means for the history: `ok`, `fail` (certainly had no effect) or `info` (unknown).

Every client that submits decides by this, whatever it speaks HTTP with: the clients of a run, and Locust's users.
"""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from stormproof.drivers.driver import Reply
from stormproof.history import Outcome
from stormproof.spec.tables import Status, Submit
from stormproof.spec.templates import pick, word

_PROVEN_FAIL = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    ConnectionRefusedError,
    socket.gaierror,
)
"""Exceptions of which it is certain that no byte of the request reached the system; all others leave it unknown."""

_MOST_MIB = 16
MOST_BYTES = _MOST_MIB << 20
"""A longer answer is not read to its end. That is a limit of ours, and proves nothing against a system."""
_LONGEST_ID, _LONGEST_STATE = 1000, 200
"""What is longer is no id or state that anybody could use, and must not fit the history."""


class Answer(msgspec.Struct, frozen=True):
    """What came back, as far as it was read; `document`: its JSON, None where it is none."""

    status_code: int
    retry_after: str | None
    body: bytes

    @property
    def retry_after_s(self) -> float:
        """In how many seconds it says to come again; -1 where it does not say so, or in words that no client understands."""
        if self.retry_after is None:
            return -1.0
        if self.retry_after.strip().isascii() and self.retry_after.strip().isdigit():
            return float(self.retry_after[:15])
        try:
            when = parsedate_to_datetime(self.retry_after)
        except ValueError:
            return -1.0
        return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())

    @property
    def too_long(self) -> bool:
        """Whether there was more than anybody wants to read."""
        return len(self.body) > MOST_BYTES

    @property
    def document(self) -> Any:
        """Its JSON, or None."""
        try:
            return None if self.too_long else json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def said(self) -> str:
        """Its beginning, for people."""
        start = self.body[:120].decode("utf-8", "replace")
        more = f" (longer than the {_MOST_MIB} MiB that Stormproof reads)" if self.too_long else ""
        return f"HTTP {self.status_code}: {start!r}{more}"


def submitted(how: Submit, answer: Answer) -> Reply:
    """What came of a submission that was answered so."""
    task_id = word(pick(answer.document, how.task_id))
    if len(task_id) > _LONGEST_ID:
        return _answered(answer, "info", error=f"a task id of {len(task_id)} characters")
    if answer.status_code in how.accept and task_id:
        return _answered(answer, "ok", task_id=task_id)
    return _answered(answer, "fail" if answer.status_code in how.refused else "info", task_id=task_id)


def read(how: Status, answer: Answer) -> Reply:
    """What came of a question for the status that was answered so."""
    document = answer.document
    state = word(pick(document, how.state))
    if answer.status_code != 200 or not state:
        return _answered(answer, "info")
    success = state in how.success
    result = pick(document, how.result) if how.result else None
    return _answered(
        answer,
        "ok",
        state=state[:_LONGEST_STATE],
        terminal=success or state in how.failure,
        success=success,
        value="" if result is None else json.dumps(result, sort_keys=True),
    )


def unanswered(error: BaseException) -> Reply:
    """What came of a request that was not answered."""
    return Reply(
        outcome="fail" if isinstance(error, _PROVEN_FAIL) else "info",
        error=f"{type(error).__name__}: {error}".rstrip(": "),
        partial=isinstance(error, (TimeoutError, httpx.ReadTimeout)),
    )


def _answered(answer: Answer, outcome: Outcome, error: str = "", **more: Any) -> Reply:
    return Reply(
        outcome=outcome,
        http_status=answer.status_code,
        retry_after=answer.retry_after is not None,
        retry_after_s=answer.retry_after_s,
        partial=answer.too_long,
        error="" if outcome == "ok" else error or answer.said,
        document=answer,
        **more,
    )
