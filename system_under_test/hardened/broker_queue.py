"""The length of the queue, asked with hard bounds: no retries, and an answer of "unknown" instead of a wait."""

from __future__ import annotations

from typing import Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

QUEUE = "celery"
"""Celery's default queue; kombu keeps it as a list of that name."""


class HasLength(Protocol):
    """What `BrokerQueue` does."""

    def length(self) -> int | None:
        """None where the broker does not answer."""


class BrokerQueue:
    """Connects when first asked; safe to be used by several threads."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._client = Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
        )

    def length(self) -> int | None:
        """How many messages wait; None where the broker does not answer."""
        try:
            return int(self._client.llen(QUEUE))  # type: ignore[arg-type, unused-ignore]
        except (RedisError, OSError):
            return None
