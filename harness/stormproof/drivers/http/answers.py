"""Interprets HTTP answers for the history: `ok`, `fail` (certainly had no effect) or `info` (unknown).

All clients that submit use this, whatever HTTP library they use: the clients of a run, and Locust's users.
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
"""Exceptions that prove that no byte of the request reached the system; after all others, that is unknown."""

_MOST_MIB = 16
MOST_BYTES = _MOST_MIB << 20
"""Bytes. A longer answer is not read to its end. The limit is the harness's, and proves nothing against a system."""
_LONGEST_ID, _LONGEST_STATE = 1000, 200
"""In characters. Anything longer is not a usable id or state, and must not fill the history."""


class Answer(msgspec.Struct, frozen=True):
    """An answer, as far as it was read; `document`: its JSON, None if it is not JSON."""

    status_code: int
    retry_after: str | None
    body: bytes

    @property
    def retry_after_s(self) -> float:
        """In how many seconds it asks the client to retry; -1 if it does not, or in a form that no client understands."""
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
        """Whether it was longer than the limit."""
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
        """Its beginning, for messages."""
        start = self.body[:120].decode("utf-8", "replace")
        more = f" (longer than the {_MOST_MIB} MiB that Stormproof reads)" if self.too_long else ""
        return f"HTTP {self.status_code}: {start!r}{more}"


def submitted(how: Submit, answer: Answer) -> Reply:
    """The outcome of a submission with this answer."""
    task_id = word(pick(answer.document, how.task_id))
    if len(task_id) > _LONGEST_ID:
        return _answered(answer, "info", error=f"a task id of {len(task_id)} characters")
    if answer.status_code in how.accept and task_id:
        return _answered(answer, "ok", task_id=task_id)
    return _answered(answer, "fail" if answer.status_code in how.refused else "info", task_id=task_id)


def read(how: Status, answer: Answer) -> Reply:
    """The outcome of a status request with this answer."""
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
    """The outcome of a request without an answer."""
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
