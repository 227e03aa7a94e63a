"""What callers send and get, and how a submission gets its id."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, EmailStr, Field, field_validator

from hardened.journal import Submission, canonical

CONTENT_LIMIT_BYTES = 64 * 1024
_NAMESPACE = uuid.UUID("6f1a3f0e-6d0c-5c55-9d5e-0d3b5a1f7c11")
_EXAMPLE_ID = "3f2b1c1e-8c7e-5f0a-9a63-5d1f0f2f7a10"


class EmailRequest(BaseModel):
    """The body of `POST /send-email`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    recipient: EmailStr = Field(examples=["ada@example.org"])
    content: str = Field(
        max_length=CONTENT_LIMIT_BYTES,
        description=f"At most {CONTENT_LIMIT_BYTES} bytes of UTF-8",
        examples=["Hello Ada"],
    )

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

    task_id: str = Field(examples=[_EXAMPLE_ID])


class TaskError(BaseModel):
    """Why a task failed, or is being tried again."""

    type: str = Field(examples=["MailRefusedError"])
    message: str = Field(examples=["550 no such mailbox"])


class TaskStatus(BaseModel):
    """The answer of `GET /task-status/{task_id}`. `result` is that of a SUCCESS."""

    task_id: str = Field(examples=[_EXAMPLE_ID])
    status: Literal["PENDING", "STARTED", "RETRY", "SUCCESS", "FAILURE"]
    result: Any = Field(default=None, examples=[{"status": "sent", "recipient": "ada@example.org"}])
    error: TaskError | None = None

    @classmethod
    def of(cls, found: Submission) -> TaskStatus:
        """From the journal's row."""
        error = None if found.error is None else {"type": found.error[0], "message": found.error[1]}
        row = {"task_id": found.task_id, "status": found.state, "result": found.result, "error": error}
        return cls.model_validate(row)


class Health(BaseModel):
    """The answer of `GET /healthz`."""

    status: Literal["ok"]


class Readiness(BaseModel):
    """The answer of `GET /readyz`. `open_submissions`: accepted, and no outcome yet."""

    broker: bool
    open_submissions: int = Field(ge=0)


class Problem(BaseModel):
    """Why there is no other answer."""

    detail: str


class Mistake(BaseModel):
    """One thing that is wrong with a request, and where."""

    type: str = Field(examples=["missing"])
    loc: list[str | int] = Field(examples=[["body", "content"]])
    msg: str = Field(examples=["Field required"])


class Refusal(BaseModel):
    """Why a request is refused, and will always be."""

    detail: list[Mistake] | str


def task_id_of(request: EmailRequest, idempotency_key: str | None) -> str:
    """The same for a repeated submission: from the caller's key, else from the request itself."""
    seed = canonical(request.model_dump()) if idempotency_key is None else f"key:{idempotency_key}"
    return str(uuid.uuid5(_NAMESPACE, seed))
