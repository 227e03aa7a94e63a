"""What a system promises its users. The checks hold it to these promises and to nothing else."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stormproof.errors import DescriptionError
from stormproof.spec.templates import fill


class Promises(BaseModel):
    """The promises that the checks hold a system to.

    `delivery`: executions of a task. `effects`: "once" if each submission has exactly one outside effect. `stall_s`:
    the longest, in seconds, that a live worker may leave a non-empty queue alone, and that the system may hold work
    back itself.

    These are promised only if they are given. `acknowledges` "late": a message is acknowledged when its task has ended,
    and not if its process died. `in_hand`: the most messages that all workers together hold unacknowledged.
    `executions`: the most times that one task is started. `durable`: the servers that keep their data. `events`: the
    events of its framework are sent.

    `may_expire`: accepted work need not run if its expiry time passes before a worker begins it. `results` "ignored":
    the system keeps no results, so only the probe shows that a task has ended, and no status need report it.
    `schedulers`: whether several components of the role `beat` serve "one" schedule, each task of which is published
    once, or "many". `retry_after_s`: the least and the most seconds in the Retry-After of a 503.

    `effects_contain` and `effects_to`: what an effect contains of its submission (`{key}`, `{text}`), and its only
    recipient. `result_contains`: what the result of a success contains of it. `endures_s`: the least time, in seconds,
    for which the system retries what the outside server refuses temporarily (4xx). `refused` "fails": what it refuses
    permanently (5xx) is not retried.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery: Literal["at_least_once", "at_most_once"] = "at_least_once"
    effects: Literal["once", "none"] = "none"
    api_deadline_s: float = Field(default=2.0, gt=0)
    recovery_s: float = Field(default=20.0, gt=0)
    stall_s: float = Field(default=12.0, gt=0)
    acknowledges: Literal["late"] | None = None
    in_hand: int | None = Field(default=None, ge=1)
    executions: int | None = Field(default=None, ge=1)
    durable: tuple[str, ...] = ()
    events: bool = False
    may_expire: bool = False
    results: Literal["kept", "ignored"] = "kept"
    effects_contain: tuple[str, ...] = ()
    effects_to: str | None = None
    result_contains: tuple[str, ...] = ()
    endures_s: float | None = Field(default=None, gt=0)
    refused: Literal["fails"] | None = None
    retry_after_s: tuple[float, float] | None = None
    schedulers: Literal["one", "many"] | None = None

    @model_validator(mode="after")
    def _known_placeholders(self) -> Promises:
        for name, parts, known in (
            ("effects_contain", self.effects_contain, {"key": "", "text": ""}),
            ("effects_to", (self.effects_to,) if self.effects_to else (), {"key": ""}),
            ("result_contains", self.result_contains, {"key": ""}),
        ):
            for part in parts:
                try:
                    fill(part, known, f"promises.{name}")
                except DescriptionError as error:
                    raise ValueError(str(error)) from error
        return self

    @model_validator(mode="after")
    def _has_effects(self) -> Promises:
        if self.effects == "none":
            for name in ("effects_contain", "effects_to", "endures_s", "refused"):
                if getattr(self, name):
                    raise ValueError(f'{name} is about effects; add effects = "once", or remove it')
        return self
