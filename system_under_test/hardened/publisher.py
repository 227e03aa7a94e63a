"""Puts a task's message into the broker, once, with hard bounds. Used by the API and by the sweeper."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from hardened.digest import digest_of
from hardened.settings import Settings
from hardened.tasks import SEND_EMAIL


class BrokerUnavailableError(Exception):
    """The broker is down, frozen or full. The message may have gone through all the same."""


class Publisher:
    """Safe to be used by several threads."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._celery = Celery("hardened", broker=settings.celery_broker_url)
        self._celery.conf.update(
            task_serializer="json",
            # One connection for each thread that publishes, so that none waits for another.
            broker_pool_limit=settings.api_threads,
            broker_connection_timeout=settings.publish_timeout_s,
            broker_transport_options={
                "socket_timeout": settings.publish_timeout_s,
                "socket_connect_timeout": settings.publish_timeout_s,
                "socket_keepalive": True,
                # A PING before a publish would be one more wait; a dead connection shows in the publish itself.
                "health_check_interval": 0,
                # kombu's own retries would go on past the time in which a submission is answered.
                "max_retries": 0,
            },
        )

    def publish(self, task_id: str, arguments: dict[str, Any]) -> None:
        """Raises BrokerUnavailableError. A repetition is harmless: the worker claims by task id."""
        try:
            self._celery.send_task(
                SEND_EMAIL,
                kwargs=arguments,
                task_id=task_id,
                headers={"digest": digest_of(task_id, arguments), "sent_at": self._clock()},
                retry=False,
                # Else send_task subscribes at the result backend first, and where that is down blocks for 19 s.
                ignore_result=True,
            )
        except (KombuError, RedisError, OSError) as error:
            raise BrokerUnavailableError(type(error).__name__) from error
