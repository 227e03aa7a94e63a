"""The tables of a description, as checked values: its servers, its components, and how to submit and read tasks."""

from __future__ import annotations

import re
import sys
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from stormproof.spec.templates import Directive, Text, texts


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Binary(msgspec.Struct, frozen=True):
    """The server program that runs, and the version that it reports."""

    path: str
    version: str


class Store(Table):
    """A server that Stormproof starts for the system: its broker, or one that keeps results. `kind` is a broker's name.
    A package that adds a broker adds its keys in a subclass.
    """

    kind: str
    port: int | None = Field(default=None, ge=1, le=65535)


class Redis(Store):
    """One Redis. `config`: further directives of redis.conf, each with the rest of its line, or with a list of such
    lines.
    """

    kind: str = "redis"
    append_only: bool = False
    config: dict[str, Directive] = {}

    @field_validator("config")
    @classmethod
    def _no_file_of_users(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if any(directive.lower() == "aclfile" for directive in value):
            raise ValueError("aclfile leaves no room for the user that Stormproof adds; list the users with `user`")
        return value


class Ready(Table):
    """How to see that a component is ready: any of an HTTP path, a pattern in its output, or its probe (workers)."""

    http: str | None = None
    accept: tuple[int, ...] = (200,)
    log: str | None = None
    within_s: float = Field(default=30.0, gt=0)

    @field_validator("log")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"is not a regular expression: {error}") from error
        return value


class Component(Table):
    """One process role of the system. `restart = "always"`: a supervisor restarts it when it dies."""

    role: Literal["api", "worker", "flower", "beat", "other"]
    command: tuple[Text, ...] = Field(min_length=1)
    python: str = sys.executable
    env: dict[str, Text] = {}
    cwd: str = "."
    replicas: int = Field(default=1, ge=1, le=16)
    port: int | None = Field(default=None, ge=1, le=65535)
    restart: Literal["never", "always"] = "never"
    restart_delay_s: float = Field(default=1.0, ge=0)
    in_storms: bool = True
    ready: Ready = Ready()


class Submit(Table):
    """How to submit a task.

    `kind` names the driver; the other keys are for HTTP. In the path, the template and the headers, `{key}` becomes the
    submission's key, `{number}` a whole number unique to it, and `{text}` a text unique to it. The template is any JSON
    value; None: no body.

    `task_id` is the dotted path of the task's id in the JSON answer.
    """

    kind: str = "http"
    component: str = "api"
    method: Literal["POST", "PUT", "PATCH", "GET"] = "POST"
    path: str
    json_template: JsonValue = Field(default=None, alias="json")
    headers: dict[str, Text] = {}
    accept: tuple[int, ...] = (200, 201, 202)
    refused: tuple[int, ...] = (400, 409, 413, 415, 422)
    task_id: str = "task_id"

    @property
    def keyed(self) -> bool:
        """Whether the request contains the submission's key, so that the task can be identified by it."""
        return any("{key}" in text for text in texts([self.path, self.json_template, self.headers]))


class Status(Table):
    """How to read a task's status over HTTP: the path, where the state is, and what its words mean.

    `result` is false if the route never returns a task's result. `running`: the words that mean that a process is
    working on the task now (none: no word promises that).

    `unfinished_codes` are the HTTP codes with which the system answers for a task that has not ended yet,
    `unknown_codes` those for an id that it never gave out (none: it promises nothing for such an id, and is not asked).
    """

    path: str
    state: str = "status"
    result: str | Literal[False] | None = "result"
    success: tuple[Text, ...] = ("SUCCESS",)
    failure: tuple[Text, ...] = ("FAILURE", "REVOKED")
    pending: tuple[Text, ...] = ("PENDING",)
    running: tuple[Text, ...] = ()
    unfinished_codes: tuple[int, ...] = ()
    unknown_codes: tuple[int, ...] = ()

    @field_validator("result", mode="before")
    @classmethod
    def _path_or_false(cls, value: Any) -> Any:
        if value is not False and value is not None and not isinstance(value, str):
            raise ValueError("should be a dotted path, or false where the route returns no result")
        return value


class Effects(Table):
    """The source that counts effects outside the system: `kind` names it."""

    kind: str = "smtp"


class Backlog(Table):
    """Where the system reports how much accepted work it holds outside the broker (for example, in an outbox)."""

    component: str = "api"
    path: str
    field: str


class Metrics(Table):
    """Where the system's own metrics are, in Prometheus' text format, and the samples that count submissions by
    outcome. A sample is a name with its labels, exactly as it appears there.
    """

    component: str = "api"
    path: str
    success: str
    failure: str
