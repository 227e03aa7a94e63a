"""What a system promises its users: the checks hold it to this and to nothing more."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stormproof.errors import DescriptionError
from stormproof.spec.templates import fill


class Promises(BaseModel):
    """What the system promises its users; the checks hold it to this and to nothing more.

    `delivery`: executions of a task. `effects`: "once" where each submission has exactly one outside effect.
    `stall_s`: the longest that a live worker may leave a non-empty queue alone, and the system what it holds back itself.

    These are promised only where they are said: `acknowledges` "late": a message is acknowledged when its task has ended, and not
    where its process died; `in_hand`: the most messages that all workers hold unacknowledged; `executions`: how often one task is
    started at most; `durable`: the servers that keep what they have; `events`: the events of its framework are sent.

    `may_expire`: accepted work whose expiry time passes before a worker begins it need not run. `results` "ignored": the system keeps no
    results, so that a task's end is known from the probe alone, and no status need ever tell it. `schedulers`: whether several components
    of the role `beat` serve "one" schedule, each task of which is published once, or "many". `retry_after_s`: the least and the most that
    Retry-After of a 503 says.

    `effects_contain` and `effects_to`: what an effect contains of its submission (`{key}`, `{text}`), and to whom alone it goes.
    `result_contains`: what the result of a success says of it. `endures_s`: what the outside server refuses for now (4xx) is tried again for
    at least so long. `refused` "fails": what it refuses for ever (5xx) is not tried again.
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
