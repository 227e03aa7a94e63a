"""All that an operator can set, from environment variables of the same names (see `.env.example`)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The defaults suit production; the order of the time limits is checked, because everything relies on it."""

    model_config = SettingsConfigDict(frozen=True, env_file=".env")

    celery_broker_url: str = "redis://127.0.0.1:6379/0"
    celery_result_backend: str = "redis://127.0.0.1:6379/1"
    journal_path: Path = Path("journal.sqlite3")

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_timeout_s: float = Field(default=10.0, gt=0)
    mail_sender: str = "noreply@example.com"
    mail_domain: str = "example.com"

    # API: the parts of a submission must fit into the time in which it is answered.
    submit_within_s: float = Field(default=0.8, gt=0)
    publish_timeout_s: float = Field(default=0.3, gt=0)
    api_threads: int = Field(default=8, ge=1)
    retry_after_s: int = Field(default=2, ge=1)

    # Worker: each limit leaves time for the one before it.
    worker_concurrency: int = Field(default=4, ge=1)
    soft_limit_s: float = 20.0
    hard_limit_s: float = 30.0
    lease_s: float = 45.0
    visibility_timeout_s: float = 60.0
    broker_timeout_s: float = Field(default=5.0, gt=0)
    result_timeout_s: float = Field(default=1.0, gt=0)

    # Trying again: transient errors, and deliveries whose worker died.
    max_attempts: int = Field(default=6, ge=1)
    retry_base_s: float = Field(default=2.0, gt=0)
    retry_cap_s: float = Field(default=60.0, gt=0)
    max_deliveries: int = Field(default=5, ge=1)

    # Sweeper and watchdog.
    sweep_every_s: float = Field(default=5.0, gt=0)
    resubmit_after_s: float = Field(default=90.0, gt=0)
    stall_s: float = Field(default=30.0, gt=0)
    keep_outcomes_s: float = Field(default=86400.0, gt=0)

    @model_validator(mode="after")
    def _limits_are_ordered(self) -> Settings:
        names = ("smtp_timeout_s", "soft_limit_s", "hard_limit_s", "lease_s", "visibility_timeout_s")
        for shorter, longer in pairwise(names):
            if getattr(self, shorter) >= getattr(self, longer):
                raise ValueError(f"{shorter} must be shorter than {longer}")
        if self.publish_timeout_s >= self.submit_within_s:
            raise ValueError("publish_timeout_s must be shorter than submit_within_s")
        return self
