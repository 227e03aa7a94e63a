"""What an RQ worker really did, reported from inside, where no fault of the wire or of Redis can reach.

The harness copies this file as `stormproof_probe.py`, with its parts and its loader, into a folder on the worker's PYTHONPATH. It
patches RQ as soon as RQ is imported, so `rq worker` and the application stay unchanged. It does nothing unless STORMPROOF_JOURNAL
names a file, and writes nothing in a process that is not an RQ worker. Written for RQ 3.0; RQ 2.6 has the same methods, except
where marked.

    STORMPROOF_JOURNAL     the journal: one JSON line per event, each in one write to an O_APPEND file, so that lines of several
                           processes never mix and a SIGKILL loses none
    STORMPROOF_COMPONENT   the name that the worker has in the system's description
    STORMPROOF_ORDERS      a JSON list of orders, replaced by rename: {"key", "do", "until"}, and {"nth", "turns"} if tasks show no
                           key; `_obey` describes them

An execution has a `started` line and, unless its process dies first, at least one end. The main process (`pid` is `parent`) reports
each job that it has taken (`received`), and the end of those whose work horse was killed (`failed`) or stopped (`revoked`). A worker
that cleans up reports the jobs of others that it moves (`failed`, `retried`), with RQ's AbandonedJobError as the detail. `consuming`
is written when a worker asks for jobs for the first time, or again after a lost connection: an RQ worker that asks holds nothing.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from stormproof.frameworks.probe_parts import (
    AfterImport,
    Journal,
    Orders,
    UnrebuildableError,
    around,
    as_json,
    complain,
    describe,
    key_in,
    key_in_bytes,
    tell,
    wait_for,
)

_AGAIN = frozenset({"queued", "scheduled", "rate_limited"})
"""The states of a job whose execution has ended, and that is to be executed again."""
_OURS = "stormproof."
_called = re.compile(r"[\w.]+(?=\()").match


class Recorder:
    """Turns the calls of RQ's methods into lines of the journal. There is one for each process; a work horse inherits
    that of its worker.

    No error in here reaches a job.
    """

    def __init__(self, path: str, component: str, orders: str) -> None:
        self._path, self._component = path, component
        self._orders = Orders(orders) if orders else None
        self._journal: Journal | None = None
        self._worker: Any = None
        self._asks_anew = True
        self._performing = False
        self._error: Any = None
        self._moved: list[tuple[str, Any]] | None = None

    def _write(self, word: str, job: Any = None, value: str = "", detail: str = "", job_id: str = "") -> None:
        if self._journal is None:
            return
        try:
            told = (job_id, "", "") if job is None else (str(job.id), _name_of(job), _key_of(job))
            self._journal.write(word, *told, value=value, detail=detail)
        except Exception as error:
            complain(f"cannot tell that a job was {word}", error)

    # The main process

    def begin(self, worker: Any) -> None:
        """This process is the worker's main process."""
        self._worker = worker
        self._journal = Journal(self._path, self._component)

    def asks(self) -> None:
        """The worker is about to ask for a job, and so has none in hand."""
        if self._asks_anew:
            self._asks_anew = False
            if self._worker is not None:
                self._write("ready", value=_settings(self._worker), detail=str(self._worker.name))
                self._worker = None
            self._write("consuming")

    def asked_in_vain(self, error: Any) -> None:
        """No job came: none was sent, the connection was lost, or the answer cannot be read."""
        names = {base.__name__ for base in type(error).__mro__}
        self._asks_anew = bool(names & {"ConnectionError", "TimeoutError"})
        job_id = getattr(error, "job_id", "")
        if job_id:
            self._write("rejected", job_id=str(job_id), detail=describe(error))

    def received(self, job: Any) -> None:
        self._write("received", job)

    def missing(self, job_id: Any) -> None:
        """An id came that has no job."""
        self._write("rejected", job_id=str(job_id), detail="NoSuchJobError: there is no such job")

    def gave_up(self, job: Any, why: str) -> None:
        """The worker has failed a job: its horse is dead, it was stopped, or it was abandoned."""
        if not self._performing:
            self._write(_word(job, done=False), job, detail=_last_line(why))

    def stopping(self, how: str) -> None:
        self._write("stopping", detail=how)

    # Where the job is executed

    def begin_horse(self, worker: Any) -> None:
        """This process is a work horse. One that was spawned, and not forked, has inherited nothing."""
        if self._journal is None:
            self._journal = Journal(self._path, self._component, parent=int(worker.pid or os.getppid()))

    def performs(self, original: Callable[..., Any], job: Any) -> Any:
        """Execute a job, or an order."""
        if self._journal is None:
            return original(job)
        try:
            job.func  # noqa: B018  # Resolved now instead of a moment later: what cannot be imported does not start.
        except Exception as error:
            self._write("unknown", job, detail=describe(error))
            raise
        self._write("started", job)
        order = None
        if self._orders is not None and not _name_of(job).startswith(_OURS):
            order = self._orders.first_for(_key_of(job), str(job.id))
        return _obey(order, functools.partial(original, job))

    def works(self, original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Surrounds an execution, and the storing of its outcome."""
        job = named["job"] if "job" in named else args[1]
        self._performing, self._error = True, None
        try:
            done = original(*args, **named)
        except BaseException as error:
            self._write("failed", job, detail=describe(error))
            raise
        finally:
            self._performing = False
        word = _word(job, done=bool(done))
        value = as_json(getattr(job, "_result", None)) if word == "succeeded" else ""
        self._write(word, job, value=value, detail=describe(self._error))
        return done

    def raised(self, error: Any) -> None:
        """Record what a job raised, before RQ has stored it."""
        self._error = error

    # Maintenance

    def cleans(self, original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Jobs whose workers are gone are failed or retried."""
        moved: list[tuple[str, Any]] = []
        self._moved = moved
        try:
            cleaned = original(*args, **named)
        finally:
            self._moved = None
        for word, job in moved:
            self._write(word, job, detail="AbandonedJobError: its worker was gone")
        return cleaned

    def moves(self, word: str, job: Any) -> None:
        if self._moved is not None:
            self._moved.append((word, job))


def _name_of(job: Any) -> str:
    """The name of a job's function. The main process must not unpickle a job for it: that would import the system's modules there."""
    known = getattr(job, "_func_name", None)
    if not isinstance(known, str):
        called = _called(str(job.description or ""))
        known = called.group() if called else ""
    return known.replace("stormproof_probe.", _OURS, 1)


def _key_of(job: Any) -> str:
    """The submission's key, from the stored call; if a serializer hides it and RQ has decoded it, from the call itself."""
    data = getattr(job, "_data", b"")
    found = key_in_bytes(data) if isinstance(data, bytes) else ""
    return found or key_in(job.description, getattr(job, "_args", ()), getattr(job, "_kwargs", {}))


def _word(job: Any, *, done: bool) -> str:
    """The word for a job's new state, from the state that RQ has just set, without asking Redis."""
    state = getattr(job, "_status", None)
    state = str(getattr(state, "value", state))
    asks_again = type(getattr(job, "_result", None)).__name__ == "Retry"
    if state == "stopped":
        return "revoked"
    if state in _AGAIN and (asks_again or not done):
        return "retried"
    return "succeeded" if done and not asks_again else "failed"


def _last_line(text: str) -> str:
    lines = [line for line in str(text).splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else ""


def _settings(worker: Any) -> str:
    """How much a worker can do at once, and where its jobs are, as JSON; "" if this RQ does not provide that."""
    try:
        bases = {base.__name__ for base in type(worker).__mro__}
        defaults = importlib.import_module("rq.defaults")
        told = {
            "pool": next((name for name in ("spawn", "simple") if f"{name.title()}Worker" in bases), "fork"),
            "processes": 1,
            "fewest": 1,
            "prefetch": 1,
            "slowest_s": 0.0,
            "transport": "redis",
            "queues": list(worker.queue_names()),
            "database": int(worker.connection.connection_pool.connection_kwargs.get("db") or 0),
            "prefix": getattr(defaults, "RQ_KEY_PREFIX", "rq"),
            "serializer": getattr(worker.serializer, "__name__", type(worker.serializer).__name__),
            "visibility_s": _waits_s(worker),
        }
        return as_json(told)
    except Exception as error:
        complain("cannot tell the worker's settings", error)
        return ""


def _waits_s(worker: Any) -> float:
    """The longest time that the job of a killed worker waits: until its heartbeat is too old, and then until the next
    check. An idle worker checks when it has waited for jobs in vain and its interval has passed.
    """
    return float(worker.job_monitoring_interval + 60 + worker.maintenance_interval + worker.dequeue_timeout)


def _obey(order: dict[str, str] | None, run: Callable[[], Any]) -> Any:
    """Execute a job after carrying out an order, or carry out the order instead.

    `hold` waits for the file `until` and then runs the job. The others replace the job: `return_unserialisable` returns
    what no serializer accepts, `raise_unrebuildable` raises what cannot be rebuilt, and `exit` kills the process.
    """
    do = order["do"] if order else ""
    if order and do == "hold":
        wait_for(order["until"])
    elif do == "return_unserialisable":
        return _Unserialisable()
    elif do == "raise_unrebuildable":
        raise UnrebuildableError(code=7, reason="made to fail by Stormproof")
    elif do == "exit":
        os.kill(os.getpid(), signal.SIGKILL)
    return run()


class _Unserialisable:
    """A value that no serializer accepts, not even pickle."""

    def __reduce__(self) -> Any:
        raise TypeError("cannot be serialised")


def hold(key: str, release_path: str, at_most_s: float) -> None:
    """A job of the harness's own, which brings a worker into a state: it runs until the file exists."""
    wait_for(release_path, time.monotonic() + at_most_s)


def patch(worker_module: Any, recorder: Recorder) -> None:
    """Watch the methods of RQ that make up a job's life."""
    workers = [worker_module.BaseWorker, worker_module.Worker]
    job, queue, registry = (importlib.import_module(f"rq.{name}") for name in ("job", "queue", "registry"))

    def before(owners: list[Any], name: str, note: Callable[..., None]) -> None:
        def does(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
            tell(note, *args, *named.values())
            return original(*args, **named)

        around(owners, name, does)

    def dequeue(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        tell(recorder.asks)
        try:
            found = original(*args, **named)
        except BaseException as error:
            tell(recorder.asked_in_vain, error)
            raise
        if found is not None:
            tell(recorder.received, found[0])
        return found

    def fetch(original: Callable[..., Any], *args: Any, **named: Any) -> Any:  # RQ 3.0 only
        found = original(*args, **named)
        if found is None:
            tell(recorder.missing, named["job_id"] if "job_id" in named else args[3])
        return found

    def fail(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        done = original(*args, **named)
        tell(recorder.gave_up, named["job"] if "job" in named else args[1], named.get("exc_string", ""))
        return done

    before(workers, "bootstrap", lambda worker, *_: recorder.begin(worker))
    before(workers, "request_stop", lambda *_: recorder.stopping("Warm"))
    before(workers, "request_force_stop", lambda *_: recorder.stopping("Cold"))
    before(workers, "main_work_horse", lambda worker, *_: recorder.begin_horse(worker))
    before(workers, "handle_exception", lambda worker, failed, kind, error, *_: recorder.raised(error))
    before([job.Job], "retry", lambda moved, *_: recorder.moves("retried", moved))
    before([job.Job], "_handle_failure", lambda moved, *_: recorder.moves("failed", moved))
    around([queue.Queue], "dequeue_any", dequeue)
    around([queue.Queue], "_fetch_dequeued_job", fetch)
    around([job.Job], "perform", recorder.performs)
    around(workers, "perform_job", recorder.works)
    around(workers, "handle_job_failure", fail)
    around([registry.StartedJobRegistry], "cleanup", recorder.cleans)


def install(environ: Any = os.environ) -> None:
    """Wait for RQ's workers to be imported, if the environment asks for a journal."""
    path = environ.get("STORMPROOF_JOURNAL")
    if path:
        component, orders = environ.get("STORMPROOF_COMPONENT", "worker"), environ.get("STORMPROOF_ORDERS", "")
        recorder = Recorder(path, component, orders)
        sys.meta_path.insert(0, AfterImport("rq.worker", lambda module: patch(module, recorder)))


install()
