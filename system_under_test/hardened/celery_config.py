"""Celery's settings for the worker, each with its reason."""

from __future__ import annotations

from typing import Any

from hardened.settings import Settings


def worker_config(settings: Settings) -> dict[str, Any]:
    """What `app.conf` is updated with in a worker."""
    return {
        # JSON only: nothing that is unpickled can run code, and everybody can read it.
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        # A message that is none would end the worker, and the next one: it is looked at first.
        "broker_transport": "hardened.gate:Transport",
        # A message is acknowledged when its task has ended, so a dead worker's message comes back.
        "task_acks_late": True,
        # ... and at once where only the pool process died and the worker lives to say so.
        "task_reject_on_worker_lost": True,
        # A death is noticed that soon; it must not delay the next delivery of the task.
        "worker_lost_wait": 1.0,
        # One message for each pool process: what waits, waits in Redis where another worker can have it.
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": settings.worker_concurrency,
        # A hanging task is first told to stop (an exception, so it tries again), then its process is killed.
        "task_soft_time_limit": settings.soft_limit_s,
        "task_time_limit": settings.hard_limit_s,
        # Outcomes are copied here for Flower; they must not fill Redis.
        "result_expires": settings.keep_outcomes_s,
        # A result backend that is down costs a task one short wait and no more.
        "redis_socket_timeout": settings.result_timeout_s,
        "redis_socket_connect_timeout": settings.result_timeout_s,
        "redis_socket_keepalive": True,
        "redis_backend_health_check_interval": 10,
        "result_backend_transport_options": {"retry_policy": {"max_retries": 0}},
        "broker_transport_options": {
            # How long until Redis hands out what a dead worker has held; longer than any task may run, else all run
            # twice.
            "visibility_timeout": settings.visibility_timeout_s,
            # Look for such messages often; kombu's default is about every 100 s.
            "unacked_restore_interval": min(10.0, settings.visibility_timeout_s / 4),
            "unacked_restore_throttle": 1,
            # A frozen Redis or a dropped route is noticed by these, and not by waiting for ever.
            "socket_timeout": settings.broker_timeout_s,
            "socket_connect_timeout": settings.broker_timeout_s,
            "socket_keepalive": True,
            "health_check_interval": 5,
            # Within one operation: fail, and let the worker's own reconnection deal with it.
            "max_retries": 1,
            "interval_start": 0,
        },
        # Starting while Redis is down is no reason to die at once ...
        "broker_connection_retry_on_startup": True,
        # ... but after 2 + 4 s of waiting a fresh start by the supervisor is quicker and cleaner than a longer ladder.
        "broker_connection_max_retries": 2,
        # A second Ctrl-C or a SIGQUIT lets running tasks end first, for as long as any may take.
        "worker_soft_shutdown_timeout": settings.hard_limit_s,
        # Flower and other observers see what happens.
        "worker_send_task_events": True,
        "timezone": "UTC",
    }
