"""Ends a worker that has stopped consuming, so that its supervisor starts a fresh one.

Celery's worker can live on, answer pings, and take no message any more: an acknowledgement that was lost on the wire
leaves its prefetch window full for ever. Nothing in Celery notices. The sign is plain: messages wait, a pool process
is free, and nothing comes in.

Nor does its shutdown always come to an end: after an error that it calls unrecoverable, as an acknowledgement that a full Redis refused,
it waits for tasks that have ended long ago.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import bootsteps, signals
from celery.worker import state

from hardened.broker_queue import BrokerQueue, HasLength
from hardened.settings import Settings

logger = logging.getLogger(__name__)

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h: the supervisor's log tells this end from others."""


class StallDetector:
    """Decides from one look after another; `stall_s` is how long the signs must have held without a break."""

    def __init__(self, stall_s: float, concurrency: int) -> None:
        self._stall_s = stall_s
        self._concurrency = concurrency
        self._well_at: float | None = None
        self._received = -1

    def stalled(self, now: float, queued: int | None, in_hand: int, received: int) -> bool:
        """`queued` is None where the broker did not answer; `received` counts all messages since the start."""
        well = not queued or in_hand >= self._concurrency or received != self._received
        self._received = received
        if well or self._well_at is None:
            self._well_at = now
        return now - self._well_at >= self._stall_s


class Watchdog(bootsteps.StartStopStep):  # type: ignore[misc, unused-ignore]
    """A thread beside the worker's main loop, with a Redis connection of its own."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._stop = threading.Event()
        self._received = 0

    def start(self, parent: Any) -> None:
        """Celery calls this when the pool has been forked."""
        settings = Settings()
        signals.task_received.connect(self._on_received)
        queue = BrokerQueue(settings.celery_broker_url, timeout_s=1.0)
        detector = StallDetector(settings.stall_s, parent.concurrency)
        every_s = min(1.0, settings.stall_s / 5)
        ends_within_s = settings.hard_limit_s + settings.stall_s
        watching = (queue, detector, every_s, ends_within_s)
        threading.Thread(target=self._watch, args=watching, name="watchdog", daemon=True).start()

    def stop(self, parent: Any) -> None:
        """The worker shuts down and rightly takes no more messages."""
        self._stop.set()

    # A warm shutdown closes the steps first and then waits for the tasks: from then on nothing is to be taken.
    close = terminate = stop

    def _on_received(self, **_: Any) -> None:
        self._received += 1

    def _watch(
        self,
        queue: HasLength,
        detector: StallDetector,
        every_s: float,
        ends_within_s: float,
        end: Callable[[int], Any] = os._exit,
    ) -> None:
        while not self._stop.wait(every_s):
            in_hand = len(state.reserved_requests)
            if detector.stalled(time.monotonic(), queue.length(), in_hand, self._received):
                logger.critical(
                    "messages wait, %d are in hand, and none is received: this worker is stuck, exiting", in_hand
                )
                end(EXIT_CODE)
        time.sleep(ends_within_s)  # The process ends meanwhile, and this thread with it.
        logger.critical(
            "the shutdown has not ended in %g s, the most that a task may take and more: exiting", ends_within_s
        )
        end(EXIT_CODE)
