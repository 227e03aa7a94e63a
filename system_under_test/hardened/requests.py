"""What callers send and get, and how a submission gets its id."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import BaseModel, ConfigDict, EmailStr, field_validator

from hardened.journal import Submission, canonical

CONTENT_LIMIT_BYTES = 64 * 1024
_NAMESPACE = uuid.UUID("6f1a3f0e-6d0c-5c55-9d5e-0d3b5a1f7c11")


class EmailRequest(BaseModel):
    """The body of `POST /send-email`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    recipient: EmailStr
    content: str

    @field_validator("content")
    @classmethod
    def _not_too_long(cls, content: str) -> str:
        # Surrogates that JSON can smuggle in have no UTF-8, no e-mail and no row in the journal.
        try:
            size_bytes = len(content.encode())
        except UnicodeEncodeError:
            raise ValueError("must be valid Unicode") from None
        if size_bytes > CONTENT_LIMIT_BYTES:
            raise ValueError(f"must be at most {CONTENT_LIMIT_BYTES} bytes of UTF-8")
        return content


class Accepted(BaseModel):
    """The answer to an accepted submission."""

    task_id: str


class Problem(BaseModel):
    """The answer where something is not there, or not now."""

    detail: str


class Mistake(BaseModel):
    """What is wrong in a request, and where. Never the input itself."""

    type: str
    loc: list[str | int]
    msg: str


class Unprocessable(BaseModel):
    """The answer to a request that is wrong, or whose Idempotency-Key was used for another."""

    detail: str | list[Mistake]


class TaskError(BaseModel):
    """Why a task failed, or is being tried again."""

    type: str
    message: str


class TaskStatus(BaseModel):
    """The answer of `GET /task-status/{task_id}`."""

    task_id: str
    status: str
    result: Any = None
    error: TaskError | None = None

    @classmethod
    def of(cls, found: Submission) -> TaskStatus:
        """From the journal's row."""
        error = None if found.error is None else TaskError(type=found.error[0], message=found.error[1])
        return cls(task_id=found.task_id, status=found.state, result=found.result, error=error)


class Readiness(BaseModel):
    """The answer of `GET /readyz`. `open_submissions`: accepted, and no outcome yet."""

    broker: bool
    open_submissions: int


def task_id_of(request: EmailRequest, idempotency_key: str | None) -> str:
    """The same for a repeated submission: from the caller's key, else from the request itself."""
    seed = canonical(request.model_dump()) if idempotency_key is None else f"key:{idempotency_key}"
    return str(uuid.uuid5(_NAMESPACE, seed))
