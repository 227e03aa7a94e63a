"""Celery's worker without a pool, a thread or a loop of its own: it takes a message when it is told to, and is killed when that is its fate.

Its consumer, control commands, requests and tracer are Celery's; the messages come by BRPOP through the service's own transport. What `celery worker`
adds (signals, forks, timers) is left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError
from celery import Celery, current_app
from celery.concurrency.base import BasePool
from celery.worker import state
from celery.worker.consumer.connection import Connection
from celery.worker.consumer.control import Control
from celery.worker.consumer.tasks import Tasks
from hardened.celery_config import worker_config
from hardened.settings import Settings
from hardened.tasks import SendEmail

_PATIENCE_S = 5.0


class Killed(BaseException):
    """SIGKILL: nobody handles it but who plays the kernel. `pool_only`: the worker lives, and notices."""

    def __init__(self, pool_only: bool) -> None:
        super().__init__()
        self.pool_only = pool_only


class InlinePool(BasePool):
    """What the worker gives to a pool process is done here and now; the worker is told of its end as by billiard."""

    begun: Callable[[], None] = staticmethod(lambda: None)

    def on_apply(
        self,
        target: Any,
        args: Any = (),
        kwargs: Any = None,
        callback: Any = None,
        accept_callback: Any = None,
        error_callback: Any = None,
        **_: Any,
    ) -> None:
        """Called by Celery's `Request`."""
        accept_callback(os.getpid(), time.monotonic())
        before = current_app._get_current_object()
        self.app.set_current()  # As in a pool process: the tracer asks for it.
        try:
            self.begun()
            result = target(*args, **(kwargs or {}))
        except Killed as killed:
            if not killed.pool_only:
                raise
            error_callback(_lost())
        else:
            callback(result)
        finally:
            before.set_current()


def _lost() -> ExceptionInfo:
    try:
        raise WorkerLostError("killed")
    except WorkerLostError:
        return ExceptionInfo()


class WorkerInMemory:
    """`begun` is called when a task has been received, before it is executed. What ends a worker comes out of `take`: then call `die`."""

    def __init__(self, settings: Settings, task: SendEmail, begun: Callable[[], None]) -> None:
        app = Celery(
            "hardened", broker=settings.celery_broker_url, backend=settings.celery_result_backend, set_as_current=False
        )
        app.conf.update(worker_config(settings))
        app.register_task(task)
        self.app, self._begun = app, begun
        self._controller: Any = None
        self._at_work = False

    def take(self) -> bool:
        """Take one message, if one is there, and do what it says."""
        consumer = self._consumer()
        channel = consumer.task_consumer.channel
        channel.qos.restore_visible(interval=1)  # As the worker's timer does.
        if not channel._size("celery"):
            return False  # Else BRPOP would wait, and take a later message by itself.
        self._at_work = True
        consumer.connection.drain_events(timeout=_PATIENCE_S)
        self._at_work = False
        return True

    def listen(self, until: Callable[[], bool], tell: Callable[[], None]) -> None:
        """Hear the control command that `tell` sends, and do it."""
        consumer = self._consumer()
        control = next(step for step in consumer.steps if isinstance(step, Control))
        consumer.task_consumer.cancel()
        control.start(consumer)
        control.box.consumer.consume()
        subscriptions = consumer.task_consumer.channel.client.pubsub_numpat
        _drain(consumer.connection, lambda: subscriptions() > 0)
        tell()
        _drain(consumer.connection, until)
        control.stop(consumer)
        consumer.task_consumer.consume()

    def renew(self) -> None:
        """As if it were new; one that has come to its end within a task is replaced."""
        if self._at_work:
            self.die()
        state.reset_state()
        state.revoked.clear()

    def die(self) -> None:
        """As by SIGKILL: nothing is given back. The next `take` is a new worker's."""
        if self._controller is not None and self._controller.consumer.connection is not None:
            for channel in self._controller.consumer.connection.connection.channels:
                channel.do_restore = False
            self._controller.consumer.connection.close()
        self._controller = None
        self.app.backend.client.connection_pool.disconnect()
        self._at_work = False
        self.renew()

    def _consumer(self) -> Any:
        if self._controller is None:
            self._controller = self.app.WorkController(
                pool=InlinePool,
                use_eventloop=False,
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
                task_events=False,
            )
            self._controller.pool.begun = self._begun
            consumer = self._controller.consumer
            for step in consumer.steps:
                if isinstance(step, Connection | Tasks):
                    step.start(consumer)
            consumer.task_consumer.on_message = consumer.create_task_handler()
            consumer.task_consumer.consume()
        return self._controller.consumer


def _drain(connection: Any, until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not until():
        try:
            connection.drain_events(timeout=0.01)
        except TimeoutError:
            assert time.monotonic() < deadline, "the worker did not hear it"
