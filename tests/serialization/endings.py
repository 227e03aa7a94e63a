"""The contract of a result backend: whatever a task returns or raises, it ends, and a reader is told how, or is told why it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import Celery, states
from celery.result import AsyncResult
from in_process_worker import InProcessWorker, Ran, uncollected
from kombu import serialization
from result_stores import Store
from stormproof.serializers.codec import Fate, through
from stormproof.serializers.exact import brief, difference

PATIENCE_S = 10.0
_registry: Any = serialization.registry
_SIMPLE = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Returned:
    """A task that returns this."""

    value: Any

    def __call__(self, _: Any = None) -> Any:
        return self.value

    def __repr__(self) -> str:
        return f"return {brief(self.value)}"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))  # Hypothesis would print the value, which may have no repr.


@dataclass(frozen=True)
class Raised:
    """A task that raises this."""

    error: BaseException

    def __call__(self, _: Any = None) -> Any:
        raise self.error

    def __repr__(self) -> str:
        return f"raise {brief(self.error)}"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))


@dataclass(frozen=True, slots=True)
class Ending:
    """What a reader finds. `thrown` is what `get()` raises, `error` what any other way of reading raised: there should be none."""

    state: str = ""
    result: Any = None
    traceback: Any = None
    thrown: BaseException | None = None
    error: BaseException | None = None


class Reader:
    """Reads by `AsyncResult`, with an application of its own, and each time as for the first time."""

    def __init__(self, app: Celery) -> None:
        self.app = app

    def _of(self, task_id: str) -> AsyncResult:
        self.app.backend._cache.clear()
        while self.app.backend._pending_messages.take(task_id, None):
            pass  # test_who_was_told_of_a_revocation_is_told_of_what_comes_after
        return AsyncResult(task_id, app=self.app)

    def read(self, task_id: str) -> Ending:
        """In all the ways that there are; where one raises, that is the ending."""
        state = ""
        try:
            with uncollected():
                state = self._of(task_id).state
                if state not in states.READY_STATES:
                    return Ending(state)
                result = self._of(task_id).get(timeout=PATIENCE_S, propagate=False)
                self._of(task_id).result  # noqa: B018 - Another way of reading.
                return Ending(state, result, self._of(task_id).traceback, self._thrown(task_id))
        except (Exception, SystemExit) as error:
            return Ending(state, error=error)

    def _thrown(self, task_id: str) -> BaseException | None:
        try:
            self._of(task_id).get(timeout=PATIENCE_S)
        except BaseException as error:  # Whatever a task has raised is raised here.
            return error
        return None


@dataclass(frozen=True)
class Bench:
    """A worker and a reader that share a store and a serializer."""

    worker: InProcessWorker
    reader: Reader
    serializer: str

    def end(self, did: Callable[[Any], Any], **options: Any) -> tuple[Ran, Ending]:
        """Run it, and read how it ended."""
        ran = self.worker.run(did, **options)
        return ran, self.reader.read(ran.task_id)

    def wrong(self, did: Returned | Raised, **options: Any) -> str:
        """What of the contract it broke."""
        return wrong(did, *self.end(did, **options), self.serializer)


@contextmanager
def bench(store: Store, serializer: str, **conf: Any) -> Iterator[Bench]:
    """`conf` is the worker's; the reader knows no more than where the results are and how they are written."""
    with store.app(serializer, **conf) as of_worker, store.app(serializer) as of_reader:
        yield Bench(InProcessWorker(of_worker), Reader(of_reader), serializer)


def wrong(did: Returned | Raised, ran: Ran, ending: Ending, serializer: str) -> str:
    """In what the contract is broken, in words that are alike for alike cases; empty where it holds."""
    words = _wrong_ending(ran, ending)
    if isinstance(did, Returned):
        if words:
            return words + (", as it was written" if fate(serializer, did.value) is Fate.UNREADABLE else "")
        return _wrong_value(did.value, ending, serializer)
    words = words or _wrong_error(did.error, ending, serializer)
    kind = type(did.error).__name__ if isinstance(did.error, Exception) else "no Exception"
    return f"{words} of {kind}" if words else ""


def _wrong_ending(ran: Ran, ending: Ending) -> str:
    """What is wrong whatever it did."""
    if ran.ended_the_worker:
        return f"the worker ends: {type(ran.error).__name__}"
    if ending.error is not None:
        return f"unreadable: {type(ending.error).__name__}"
    if ending.state not in states.READY_STATES:
        return f"no end: {ending.state}" + (f", {type(ran.error).__name__}" if ran.error else "")
    return "" if ran.settled == ("acknowledged",) else f"the message is {' and '.join(ran.settled) or 'kept'}"


def arrived(serializer: str, value: Any) -> Any:
    """What the serializer alone makes of a value. Raises whatever it raises."""
    with uncollected():
        content_type, coding, payload = _registry.dumps(value, serializer)
        return _registry.loads(payload, content_type, coding, accept={content_type})


def fate(serializer: str, value: Any) -> Fate:
    """What becomes of it there."""
    with uncollected():
        return through(serializer, value).fate


def _wrong_value(value: Any, ending: Ending, serializer: str) -> str:
    alone = fate(serializer, value)
    if ending.state == states.FAILURE:
        told = _told(ending.result)
        # A document is one level deeper than its result.
        if alone in (Fate.REFUSED, Fate.CRASHED) or "RecursionError" in told:
            return "" if "EncodeError" in told else f"unnamed: {type(ending.result).__name__}"
        return f"refused: {type(ending.result).__name__}"
    if alone in (Fate.REFUSED, Fate.CRASHED):
        return f"not refused: {ending.state}"
    changed = difference(arrived(serializer, value), ending.result)
    return f"changed: {changed.what}" if changed else ""


def _wrong_error(error: BaseException, ending: Ending, serializer: str) -> str:
    result, name = ending.result, type(error).__name__
    if ending.state != states.FAILURE:
        return f"an error is a {ending.state}"
    if not isinstance(result, BaseException):
        return f"no exception: {type(result).__name__}"
    said = type(result).__name__
    # Classes that nobody has are made anew by each that reads: so names are compared.
    broken = {
        f"unnamed: {said}": not _names(result, error),
        "other arguments": type(result) is type(error) and not _same_arguments(error, result, serializer),
        f"thrown: {type(ending.thrown).__name__}": type(ending.thrown).__name__ != said,
        "no traceback" + (", but an EncodeError" if said == "EncodeError" else ""): name not in str(ending.traceback),
    }
    return next((words for words, found in broken.items() if found), "")


def _names(result: BaseException, error: BaseException) -> bool:
    """Whether who reads `result` is told of `error`. That a process has ended is told by its exit code."""
    told = _told(result)
    return type(error).__name__ in told or (isinstance(error, SystemExit) and "exitcode" in told)


def _told(error: Any) -> str:
    """All that its reader can be told of it."""
    told = type(error).__name__
    for words in (lambda: repr(error), lambda: repr(error.args)):
        try:
            told += f" {words()}"
        except Exception:  # It has none.
            continue
    return told


def _same_arguments(error: BaseException, result: BaseException, serializer: str) -> bool:
    """Whether the simple ones that the serializer can carry are the same; of the others it is enough that they are there."""
    try:
        sent, got = list(error.args), list(result.args)
    except Exception:  # They cannot be read; then nobody misses them.
        return True
    if len(sent) != len(got):
        return False
    simple = [(one, other) for one, other in zip(sent, got, strict=True) if type(one) in _SIMPLE]
    return not any(difference(one, other) for one, other in simple if fate(serializer, one) is Fate.UNCHANGED)
