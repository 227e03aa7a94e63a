"""What a worker really did, reported from inside, where no fault of the wire or of Redis can reach.

The harness copies this file as `stormproof_probe.py`, with its parts, into a folder on the worker's PYTHONPATH, and the
worker loads it with `celery worker -I stormproof_probe`. So the copies do not import Stormproof, run on Python 3.8 and
Celery 4.4 and later, and do nothing unless STORMPROOF_JOURNAL names a file.

    STORMPROOF_JOURNAL     the journal: one JSON line per event, each in one write to an O_APPEND file, so that lines of
                           several processes never mix and a SIGKILL loses none
    STORMPROOF_COMPONENT   the name that the worker has in the system's description
    STORMPROOF_ORDERS      a JSON list of orders, replaced by rename: {"key", "do", "until"}; `_obeying` describes
                           them. With {"nth", "turns"}, an order selects one task by its turn, if tasks show no key.
                           Without this variable, no task of the system is changed

An execution has a `started` line and, unless its process dies first, at least one end. It has more if Celery itself
reports more: the child and the main process both report a hard time limit, a lost child, a result that could not be
stored, and since 5.7 a rejected task. Celery sends no signal, so there is no line, for a message whose body cannot be
decoded and, in old versions (seen on 4.4), for a hard time limit or a lost child.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from typing import Any, Callable  # Python 3.8 needs this one at run time

from celery import bootsteps, current_task, shared_task, signals

from stormproof.frameworks.probe_parts import (
    Journal,
    Orders,
    UnrebuildableError,
    as_json,
    as_text,
    complain,
    describe,
    key_in,
    wait_for,
)


class Recorder:
    """Turns Celery's signals into lines of the journal.

    No error in here reaches the task: Celery catches and logs what a signal's receiver raises.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._running: dict[str, str] = {}  # keys of the executions of this process that have no end yet, by task id

    def connect(self) -> None:
        """Connect to every signal that marks a part of a task's life."""
        for name, method in (
            ("task_received", self.received),
            ("task_prerun", self.started),
            ("task_success", self.succeeded),
            ("task_failure", self.failed),
            ("task_retry", self.retried),
            ("task_postrun", self.ended),
            ("task_revoked", self.revoked),
            ("task_rejected", self.rejected),
            ("task_unknown", self.unknown),
            ("worker_ready", self.ready),
            ("worker_shutting_down", self.stopping),
        ):
            getattr(signals, name).connect(method, weak=False, dispatch_uid="stormproof." + name)

    def received(self, request: Any, **_: Any) -> None:
        self._journal.write("received", request.id, request.task.name, key_in(request.args, request.kwargs))

    def started(self, task_id: str, task: Any, args: Any, kwargs: Any, **_: Any) -> None:
        key = self._running[task_id] = key_in(args, kwargs)
        self._journal.write("started", task_id, task.name, key)

    def succeeded(self, sender: Any, result: Any, **_: Any) -> None:
        request = sender.request
        key = self._running.pop(request.id, "")
        self._journal.write("succeeded", request.id, sender.name, key, value=as_json(result))

    def failed(self, sender: Any, task_id: str, exception: Any, args: Any, kwargs: Any, **_: Any) -> None:
        # In the main process (hard time limit, lost child), no execution is recorded here: its key is in the arguments.
        key = self._running.pop(task_id, None) or key_in(args, kwargs)
        self._journal.write("failed", task_id, sender.name, key, detail=describe(exception))

    def retried(self, sender: Any, request: Any, reason: Any = None, **_: Any) -> None:
        key = self._running.pop(request.id, None) or key_in(request.args, request.kwargs)
        self._journal.write("retried", request.id, sender.name, key, detail=describe(reason))

    def ended(self, task_id: str, task: Any, state: str | None, retval: Any = None, **_: Any) -> None:
        """Record an end that has no other signal: ignored, rejected, or not recorded (backend gone, SystemExit)."""
        key = self._running.pop(task_id, None)
        if key is None:
            return
        word = {"IGNORED": "ignored", "REJECTED": "rejected"}.get(state or "", "failed")
        # Celery sends this signal from a `finally`: the cause is the exception in flight.
        cause = sys.exc_info()[1] if word == "failed" else retval
        self._journal.write(word, task_id, task.name, key, detail=describe(cause))

    def revoked(self, sender: Any, request: Any, terminated: bool, expired: bool, **_: Any) -> None:
        detail = "terminated" if terminated else "expired" if expired else "revoked"
        self._journal.write("revoked", request.id, sender.name, key_in(request.args, request.kwargs), detail=detail)

    def rejected(self, message: Any, exc: Any, **_: Any) -> None:
        headers = message.headers or {}
        key = key_in(headers, message.body)
        self._journal.write("rejected", headers.get("id") or "", headers.get("task") or "", key, detail=describe(exc))

    def unknown(self, message: Any, exc: Any, name: str, id: str, **_: Any) -> None:
        self._journal.write("unknown", id, name, key_in(message.headers, message.body), detail=describe(exc))

    def ready(self, sender: Any = None, **_: Any) -> None:
        self._journal.write("ready", "", "", "", value=_settings(sender))

    def stopping(self, how: str = "", **_: Any) -> None:
        self._journal.write("stopping", "", "", "", detail=str(how))


def _tell_each_start_of_consuming(app: Any, journal: Journal) -> None:
    """Add a step to the worker's consumer. Celery restarts it after each lost connection, and then it has forgotten its
    messages.
    """

    class Consuming(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, parent: Any) -> None:
            journal.write("consuming", "", "", "")

    app.steps["consumer"].add(Consuming)


def _settings(consumer: Any) -> str:
    """How much a worker can do at once, and where its messages are, as JSON; "" if this Celery does not provide that."""
    try:
        worker, channel = consumer.controller, consumer.task_consumer.channel
        buckets = [bucket.fill_rate for bucket in consumer.task_buckets.values() if bucket]
        told = {
            "pool": worker.pool_cls.__module__.rpartition(".")[2],
            "processes": worker.max_concurrency or worker.concurrency,
            "fewest": worker.min_concurrency or worker.concurrency,
            "prefetch": consumer.initial_prefetch_count or 0,
            "slowest_s": max([1 / rate for rate in buckets if rate], default=0.0),
            "transport": consumer.connection.transport.driver_type,
            "queues": [queue.name for queue in consumer.task_consumer.queues],
            "serializer": consumer.app.conf.task_serializer,
        }
        if hasattr(channel, "unacked_key"):  # kombu's Redis transport
            told.update(
                database=int(str(consumer.connection.virtual_host or 0).strip("/") or 0),
                prefix=channel.global_keyprefix,
                separator=channel.sep,
                steps=list(channel.priority_steps),
                unacked_key=channel.unacked_key,
                unacked_index_key=channel.unacked_index_key,
                visibility_s=float(channel.visibility_timeout),
            )
        return as_text(told)
    except Exception as error:
        complain("cannot tell the worker's settings", error)
        return ""


def _obeying(run: Callable[..., Any], orders: Orders) -> Callable[..., Any]:
    """The body of a task, which first carries out an order, or carries it out instead.

    `hold` waits for the file `until` and then runs the body. The others replace the body: `return_unserialisable`
    returns what no serializer accepts, `raise_unrebuildable` raises what cannot be rebuilt, and `exit` kills the
    process.
    """

    @functools.wraps(run)
    def body(*args: Any, **kwargs: Any) -> Any:
        order = orders.first_for(key_in(args, kwargs), str(current_task.request.id)) if orders.given else None
        do = order["do"] if order else ""
        if order and do == "hold":
            wait_for(order["until"])
        elif do == "return_unserialisable":
            return object()
        elif do == "raise_unrebuildable":
            raise UnrebuildableError(code=7, reason="made to fail by Stormproof")
        elif do == "exit":
            os.kill(os.getpid(), signal.SIGKILL)
        return run(*args, **kwargs)

    return body


def _take_orders(app: Any, orders: Orders) -> None:
    """Wrap the body of every task of the system."""
    for name, task in app.tasks.items():
        if name.startswith(("celery.", "stormproof.")):
            continue
        # With autoretry_for, `run` is Celery's retry loop and calls the body by this name: an order must take effect
        # inside.
        attribute = "_orig_run" if hasattr(task, "_orig_run") else "run"
        setattr(task, attribute, _obeying(getattr(task, attribute), orders))


def hold(key: str, release_path: str, at_most_s: float) -> None:
    """A task of the harness's own, which brings a worker into a state: it lasts until the file exists."""
    wait_for(release_path, time.monotonic() + at_most_s)


def install(environ: Any = os.environ) -> None:
    """Start the journal, if the environment asks for it."""
    path = environ.get("STORMPROOF_JOURNAL")
    if not path:
        return
    journal = Journal(path, environ.get("STORMPROOF_COMPONENT", "worker"))
    Recorder(journal).connect()
    # Results are ignored so that the harness leaves no key of its own in the system's Redis.
    shared_task(name="stormproof.hold_early", acks_late=False, ignore_result=True)(hold)
    shared_task(name="stormproof.hold_late", acks_late=True, ignore_result=True)(hold)
    orders = environ.get("STORMPROOF_ORDERS")

    def begin(sender: Any, **_: Any) -> None:
        """Runs after the import of all task modules and before the first tracer, which keeps a reference to `run`."""
        _tell_each_start_of_consuming(sender.app, journal)
        if orders:
            _take_orders(sender.app, Orders(orders))

    signals.worker_init.connect(begin, weak=False, dispatch_uid="stormproof.worker_init")


install()
