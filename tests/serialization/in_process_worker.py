"""A Celery worker in this process. Its main process' request, its pool process' tracer, and what is pickled between the two are Celery's and
billiard's own; left out are the fork, the pipe and the queue. `test_real_worker.py` holds it to a real one.
"""

from __future__ import annotations

import gc
import io
import logging
import pickle
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from billiard.einfo import ExceptionInfo
from billiard.pool import MaybeEncodingError
from billiard.reduction import ForkingPickler
from celery import Celery, Task
from celery.app.trace import build_tracer
from celery.worker.request import Request
from kombu import Message
from kombu.serialization import dumps, prepare_accept_content

TASK = "act"
_HOST = "in-process"


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution. `settled` is what the broker was told of the message; `error` what the worker's main process raised while it
    took note of the outcome.
    """

    task_id: str
    settled: tuple[str, ...]
    error: BaseException | None

    @property
    def ended_the_worker(self) -> bool:
        """billiard logs what a callback raises, but for these."""
        return isinstance(self.error, MemoryError) or not isinstance(self.error, Exception | None)


@dataclass
class _Pool:
    """What `Request.execute_using_pool` hands the task to: runs it as `billiard.pool.Worker.workloop` does."""

    app: Celery
    errors: list[BaseException] = field(default_factory=list)

    def apply_async(
        self,
        trace: Callable[..., Any],
        args: tuple[Any, ...],
        *,
        accept_callback: Callable[..., Any],
        callback: Callable[..., Any],
        error_callback: Callable[..., Any],
        **_: Any,
    ) -> None:
        accept_callback(1, time.time())
        accept = prepare_accept_content(self.app.conf.accept_content)
        try:
            result = (True, trace(*args, _loc=[self.app._tasks, accept, _HOST]))
        except BaseException:
            result = (False, ExceptionInfo())
        done, value = pickle.loads(_over_the_pipe(result))
        try:
            (callback if done else error_callback)(value)
        except BaseException as error:
            self.errors.append(error)


def _over_the_pipe(result: tuple[bool, Any]) -> bytes:
    try:
        return bytes(ForkingPickler.dumps(result))
    except Exception as error:
        wrapped = MaybeEncodingError(error, result[1])
        einfo = ExceptionInfo((MaybeEncodingError, wrapped, sys.exc_info()[2]))
        return bytes(ForkingPickler.dumps((False, einfo)))


class InProcessWorker:
    """Runs whatever it is handed as the body of the task `act` of the application."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self._body: Callable[[Task], Any] = lambda _: None
        app.use_fast_trace_task = True

        @app.task(bind=True, name=TASK, shared=False)
        def act(task: Task, *_: Any, **__: Any) -> Any:
            return self._body(task)

        self.task = app.tasks[TASK]
        self.take(self.task)

    def take(self, task: Task) -> None:
        """Make another task of the application ready to be run, as a pool process does when it starts."""
        task.__trace__ = build_tracer(task.name, task, self.app.loader, _HOST, app=self.app)

    def run(self, body: Callable[[Task], Any], args: tuple[Any, ...] = (), task_id: str = "", **options: Any) -> Ran:
        """Have `body` run as the task `act`. `options` are those of `apply_async`."""
        self._body = body
        return self.send(self.task, args, {}, task_id, **options)

    def send(
        self,
        task: Task,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        task_id: str = "",
        headers: dict[str, Any] | None = None,
        **options: Any,
    ) -> Ran:
        """Send a task a message, as `apply_async` writes it, and work on it to the end."""
        task_id = task_id or str(uuid.uuid4())
        sent = self.app.amqp.as_task_v2(task_id, task.name, args, kwargs, **options)
        content_type, coding, raw = dumps(sent.body, self.app.conf.task_serializer)
        message = Message(
            body=raw,
            content_type=content_type,
            content_encoding=coding,
            headers={**sent.headers, **(headers or {})},
            properties=sent.properties,
            delivery_info={"exchange": "", "routing_key": "celery", "redelivered": False},
            accept=prepare_accept_content(self.app.conf.accept_content),
        )
        return self._work_on(message, task, task_id)

    def _work_on(self, message: Message, task: Task, task_id: str) -> Ran:
        settled: list[str] = []
        request = Request(
            message,
            on_ack=lambda *_: settled.append("acknowledged"),
            on_reject=lambda _, __, requeue: settled.append("requeued" if requeue else "rejected"),
            app=self.app,
            hostname=_HOST,
            task=task,
            connection_errors=(),
        )
        pool = _Pool(self.app)
        with _as_in_a_worker(), uncollected():
            request.execute_using_pool(pool)
        return Ran(task_id, tuple(settled), pool.errors[0] if pool.errors else None)


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected meanwhile. Results unsubscribe when they are, and cannot where a nest has left no stack for that."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def _as_in_a_worker() -> Iterator[None]:
    """Its loggers write whatever they are told, and survive what has no words; pytest's would raise. Its warnings are no errors."""
    logger = logging.getLogger("celery")
    handler = logging.StreamHandler(io.StringIO())
    handlers, propagate, raising = logger.handlers, logger.propagate, logging.raiseExceptions
    logger.handlers, logger.propagate, logging.raiseExceptions = [handler], False, False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.handlers, logger.propagate, logging.raiseExceptions = handlers, propagate, raising
