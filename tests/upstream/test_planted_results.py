"""Each promise of results, on a backend, a worker, a reader or a fake Redis that breaks it: it is seen, and by what is kept.

`planted_results.txt` has what was read and found right. After a change: `STORMPROOF_WRITE_SAID=1 pytest tests/upstream/test_planted_results.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import redis
import result_contracts as contracts
import test_chord_results as chords
from agreement import agree, ask, commands
from celery import states
from celery.result import GroupResult
from endings import Bench, Raised, Reader, Returned, bench
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from kombu.exceptions import DecodeError, EncodeError
from planted import none_is_gone, same_as_kept, smallest
from result_stores import fake_redis
from stormproof.serializers.exact import brief
from stormproof.serializers.strategies import KINDS, exceptions, group_metas, stored_errors

PART = "results"
Plant = Callable[[Bench], Any]

_returned: SearchStrategy[Any] = contracts.returned().map(Returned)
_raised: SearchStrategy[Any] = exceptions().map(Raised)
# Where a bug strikes some kinds only, one of them is asked for: its smallest example is found sooner.
_plain: SearchStrategy[Any] = st.builds(ValueError, st.integers(0, 9)).map(Raised)
_text: SearchStrategy[Any] = KINDS["text, ASCII"].map(Returned)
_refused: SearchStrategy[Any] = KINDS["Path"].map(Returned)
_unreadable: SearchStrategy[Any] = KINDS["dict like a broken envelope"].map(Returned)


@dataclass(frozen=True)
class Bug:
    """What is planted, the examples that are asked, and the promise that it breaks. `says` must be in the complaint."""

    plant: Plant
    examples: SearchStrategy[Any]
    holds: Callable[[Bench, Any], None] = contracts.keeps_the_contract
    says: str = ""
    show: Callable[[Any], str] = brief
    conf: tuple[tuple[str, Any], ...] = ()


def truncates(on: Bench) -> None:
    backend = on.worker.app.backend
    encode = backend.encode_result
    backend.encode_result = lambda result, state: encode(result[:8] if isinstance(result, str) else result, state)


def garbles(on: Bench) -> None:
    backend = on.worker.app.backend
    encode = backend.encode
    # Of a document; what it only tries, to see whether it can, is left as it is.
    backend.encode = lambda data: encode(data)[: -1 if isinstance(data, dict) and "status" in data else None]


def makes_nothing_of_errors(on: Bench) -> None:
    on.reader.app.backend.exception_to_python = lambda _: None


def drops_the_traceback(on: Bench) -> None:
    backend = on.worker.app.backend
    store = backend._store_result
    backend._store_result = lambda task_id, result, state, traceback=None, **more: store(
        task_id, result, state, None, **more
    )


def stores_the_state_first(on: Bench) -> None:
    backend = on.worker.app.backend
    store = backend._store_result

    def first(task_id: str, result: Any, state: str, traceback: Any = None, **more: Any) -> Any:
        store(task_id, None, state, traceback, **more)
        return store(task_id, result, state, traceback, **more)

    backend._store_result = first


def takes_unknown_errors_for_a_success(on: Bench) -> None:
    backend = on.reader.app.backend
    read = backend.meta_from_decoded

    def guess(meta: dict[str, Any]) -> dict[str, Any]:
        error = meta["result"]
        if isinstance(error, dict) and not hasattr(sys.modules.get(error.get("exc_module") or ""), error["exc_type"]):
            return {**meta, "status": states.SUCCESS}
        return dict(read(meta))

    backend.meta_from_decoded = guess


def swallows_what_cannot_be_encoded(on: Bench) -> None:
    backend = on.worker.app.backend
    done = backend.mark_as_done

    def swallow(*args: Any, **more: Any) -> None:
        try:
            done(*args, **more)
        except EncodeError:
            pass

    backend.mark_as_done = swallow


def forgets_what_its_pool_raised(on: Bench) -> None:
    backend, failed = on.worker.app.backend, on.worker.app.backend.mark_as_failure
    # The pool process stores failures with a traceback; the main process those that it is told of.
    backend.mark_as_failure = lambda task_id, exc, traceback=None, **more: (
        traceback and failed(task_id, exc, traceback, **more)
    )


def forgets_which_error_it_was(on: Bench) -> None:
    on.worker.app.backend.prepare_exception = lambda exc, serializer=None: {
        "exc_type": "Exception",
        "exc_message": ["failed"],
        "exc_module": "builtins",
    }


def forgets_the_arguments(on: Bench) -> None:
    backend = on.worker.app.backend
    prepare = backend.prepare_exception
    backend.prepare_exception = lambda exc, serializer=None: {**prepare(exc), "exc_message": []}


def takes_what_it_cannot_read_for_pending(on: Bench) -> None:
    backend = on.reader.app.backend
    decode = backend.decode_result

    def lenient(payload: Any) -> Any:
        try:
            return decode(payload)
        except DecodeError:
            return {"status": states.PENDING, "result": None}

    backend.decode_result = lenient


def keeps_the_first_word_for_the_last(on: Bench) -> None:
    backend = on.worker.app.backend
    store = backend._store_result

    def keep(task_id: str, result: Any, state: str, *args: Any, **more: Any) -> Any:
        if backend.get(backend.get_key_for_task(task_id)):
            return result
        return store(task_id, result, state, *args, **more)

    backend._store_result = keep


def keeps_a_tenth_of_long_tracebacks(on: Bench) -> None:
    backend = on.worker.app.backend
    store = backend._store_result
    backend._store_result = lambda task_id, result, state, traceback=None, **more: store(
        task_id, result, state, traceback and traceback[:100_000], **more
    )


def takes_revoked_for_failed(on: Bench) -> None:
    backend = on.reader.app.backend
    read = backend.meta_from_decoded
    backend.meta_from_decoded = lambda meta: {
        **read(meta),
        "status": states.FAILURE if meta["status"] == states.REVOKED else meta["status"],
    }


def flattens_groups(on: Bench) -> None:
    backend = on.reader.app.backend
    restore = backend._restore_group

    def flat(group_id: str) -> Any:
        meta = restore(group_id)
        found = meta["result"]
        inner = [one for part in found.results for one in (part.results if isinstance(part, GroupResult) else [part])]
        return {**meta, "result": GroupResult(found.id, inner, app=on.reader.app)}

    backend._restore_group = flat


def tells_of_no_retry(on: Bench) -> None:
    on.worker.app.backend.mark_as_retry = lambda *_, **__: None


def stores_what_is_ignored(on: Bench) -> None:
    backend = on.worker.app.backend
    backend.mark_as_done = lambda task_id, result, *_, **__: backend.store_result(task_id, result, states.SUCCESS)


def loses_the_parts_that_failed(on: Bench) -> None:
    backend = on.worker.app.backend
    part = backend.on_chord_part_return
    backend.on_chord_part_return = lambda request, state, result, **more: (
        None if state == states.FAILURE else part(request, state, result, **more)
    )


def hands_on_its_failed_parts(on: Bench) -> None:
    backend = on.worker.app.backend
    backend._unpack_chord_result = lambda tup, decode, **_: decode(tup)[3]


def loses_no_parts_but_their_zeros(on: Bench) -> None:
    backend = on.worker.app.backend
    unpack = backend._unpack_chord_result
    backend._unpack_chord_result = lambda tup, decode, **more: unpack(tup, decode, **more) or None


def acknowledges_successes_only(on: Bench) -> None:
    on.worker.task.acks_on_failure = on.worker.task.acks_on_failure_or_timeout = False


def _ended(state: str) -> SearchStrategy[Any]:
    """Documents of one state, without what makes them long."""
    least = {"status": state, "traceback": None, "children": [], "date_done": None, "task_id": "an id"}
    return stored_errors().map(lambda error: {**least, "result": error})


def _state(meta: dict[str, Any]) -> str:
    return f"{meta['status']} of {meta['result']['exc_type']} of {meta['result'].get('exc_module')}"


def _group(meta: dict[str, Any]) -> str:
    """With `.` for each single result."""
    _, parts = meta["result"]
    return "." if parts is None else f"[{' '.join(_group({'result': part}) for part in parts)}]"


BUGS: dict[str, Bug] = {
    "a backend that truncates texts": Bug(truncates, _text, says="changed"),
    "a backend that garbles what it stores": Bug(garbles, _text, says="unreadable"),
    "a reader that makes nothing of errors": Bug(makes_nothing_of_errors, _plain, says="no exception"),
    "a backend that drops the traceback": Bug(drops_the_traceback, _plain),
    "a backend that stores the state before the result": Bug(stores_the_state_first, _returned),
    "a reader that takes unknown errors for a success": Bug(
        takes_unknown_errors_for_a_success, _ended(states.FAILURE), contracts.is_read_as_stored, show=_state
    ),
    "a tracer that swallows what cannot be encoded": Bug(swallows_what_cannot_be_encoded, _refused, says="no end"),
    "a worker that forgets what its pool raised": Bug(
        forgets_what_its_pool_raised, exceptions(["no exception"]).map(Raised), says="no end"
    ),
    "a backend that forgets which error it was": Bug(forgets_which_error_it_was, _raised, says="unnamed"),
    "a backend that forgets the arguments of errors": Bug(forgets_the_arguments, _plain),
    "a reader that takes what it cannot read for pending": Bug(
        takes_what_it_cannot_read_for_pending, _unreadable, says="no end"
    ),
    "a worker that acknowledges successes only": Bug(
        acknowledges_successes_only, _plain, says="the message is", conf=(("task_acks_late", True),)
    ),
    "a backend that keeps a task's first word for its last": Bug(
        keeps_the_first_word_for_the_last, contracts.returned(), contracts.ends_whatever_it_says
    ),
    "a backend that keeps 100,000 characters of a traceback": Bug(
        keeps_a_tenth_of_long_tracebacks, st.sampled_from(list(contracts.TRACEBACKS)), contracts.keeps_its_traceback
    ),
    "a reader that takes revoked for failed": Bug(
        takes_revoked_for_failed, _ended(states.REVOKED), contracts.is_read_as_stored, show=_state
    ),
    "a reader that flattens groups": Bug(flattens_groups, group_metas(), contracts.is_restored_as_saved, show=_group),
    "a worker that tells of no retry": Bug(tells_of_no_retry, st.builds(ValueError), contracts.is_tried_again),
    "a worker that stores what is to be ignored": Bug(stores_what_is_ignored, _returned, contracts.leaves_nothing),
    "a chord that loses the parts that failed": Bug(loses_the_parts_that_failed, chords.members(), chords.check),
    "a chord that hands on its failed parts as results": Bug(hands_on_its_failed_parts, chords.members(), chords.check),
    "a chord that makes nothing of zeros": Bug(loses_no_parts_but_their_zeros, chords.members(), chords.check),
}


@pytest.mark.parametrize("bug", BUGS)
def test_what_breaks_a_promise_is_seen(bug: str) -> None:
    """Results are JSON here, as they are nearly everywhere."""
    planted = BUGS[bug]
    with fake_redis() as store, bench(store, "json", **dict(planted.conf)) as on:
        planted.plant(on)
        found = smallest(
            planted.examples, lambda example: planted.holds(on, example), says=planted.says, show=planted.show
        )
    same_as_kept(PART, bug, found)


def test_a_reader_that_makes_text_of_what_it_cannot_read_is_seen() -> None:
    """It expects pickle, and is given JSON."""
    with fake_redis() as store, bench(store, "json") as on, store.app("pickle") as app:
        app.backend.decode = lambda payload: {"status": states.SUCCESS, "result": payload.decode()}
        stranger = Reader(app)
        found = smallest(_text, lambda did: contracts.is_told_or_reads_the_same(on, stranger, did))
    same_as_kept(PART, "a reader that makes text of what it cannot read", found)


Ask = Callable[[redis.Redis, tuple[Any, ...]], Any]


def _forgets_times(client: redis.Redis, command: tuple[Any, ...]) -> Any:
    reply = ask(client, command)
    if command[0] == "SETEX" and reply is True:
        client.persist(command[1])
    return reply


def _stores_text(client: redis.Redis, command: tuple[Any, ...]) -> Any:
    if command[0] == "SET" and isinstance(command[2], bytes):
        command = (*command[:2], command[2].decode(errors="replace"), *command[3:])
    return ask(client, command)


def _counts_from_memory(client: redis.Redis, command: tuple[Any, ...]) -> Any:
    return 1 if command[0] == "INCRBY" else ask(client, command)


def _refuses_otherwise(client: redis.Redis, command: tuple[Any, ...]) -> Any:
    reply = ask(client, command)
    return ("ResponseError", "no") if isinstance(reply, tuple) else reply


FAKES: dict[str, Ask] = {
    "a fake Redis that forgets times to live": _forgets_times,
    "a fake Redis that stores text": _stores_text,
    "a fake Redis that counts from memory": _counts_from_memory,
    "a fake Redis that refuses in other words": _refuses_otherwise,
}


@pytest.mark.parametrize("bug", FAKES)
def test_a_fake_that_differs_is_seen(bug: str) -> None:
    """Two of the same kind are compared here: only what is planted differs."""
    programs = st.lists(commands(), min_size=1, max_size=6)
    with fake_redis() as one, fake_redis() as other, one.client() as first, other.client() as second:
        found = smallest(programs, lambda program: agree(program, first, second, FAKES[bug]))
    same_as_kept(PART, bug, found)


def test_nothing_is_kept_of_bugs_that_are_gone() -> None:
    """The file has these, and no others."""
    none_is_gone(PART, [*BUGS, *FAKES, "a reader that makes text of what it cannot read"])
