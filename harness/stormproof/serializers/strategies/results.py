"""What a result backend keeps of a task, as Celery's key-value backends store it under `celery-task-meta-ID` and `celery-taskset-meta-ID`."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Meta = dict[str, Any]
"""One document of a backend, before its serializer."""

_ids = st.integers(0, 2**64 - 1).map(lambda number: str(uuid.UUID(int=number)))
_words = st.text(st.characters(codec="ascii", categories=("L", "Nd")), min_size=1, max_size=12)
_plain: SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=20)
_values: SearchStrategy[Any] = st.recursive(
    _plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3), max_leaves=8
)
_no_traceback: SearchStrategy[str | None] = st.none()
_errors: list[Meta] = [
    {"exc_type": "ValueError", "exc_message": ["x"], "exc_module": "builtins"},
    {"exc_type": "OSError", "exc_message": [2, "no such file"], "exc_module": "builtins"},
    {"exc_type": "KeyError", "exc_message": "a text, as older releases stored it", "exc_module": "builtins"},
    {"exc_type": "UnicodeDecodeError", "exc_message": ["utf-8"], "exc_module": "builtins"},
    {"exc_type": "Outer.InnerError", "exc_message": [], "exc_module": "no.such.module"},
    {"exc_type": "main.<locals>.MadeHereError", "exc_message": ["x"], "exc_module": "__main__"},
    {"exc_type": "WorkerLostError", "exc_message": ["Worker exited prematurely"], "exc_module": "billiard.exceptions"},
    {"exc_type": "ExceptionGroup", "exc_message": ["several", "[ValueError(1)]"], "exc_module": "builtins"},
    {"exc_type": "MadeUpError", "exc_message": ["x"], "exc_module": None},
    {"exc_type": "MadeUpError", "exc_message": ["x"]},
]


def tracebacks(*, heavy: bool = False) -> SearchStrategy[str | None]:
    """None; short; of a hundred frames. `heavy` adds ten thousand frames, and one line of source of a million characters."""
    frame = '  File "task.py", line 7, in run\n    raise ValueError(1)\n'
    head, last = "Traceback (most recent call last):\n", "ValueError: 1\n"
    sizes = st.sampled_from([1, 2, 100, 10_000] if heavy else [1, 2, 100])
    listed = sizes.map(lambda count: head + frame * count + last)
    if not heavy:
        return st.none() | listed
    long_line = st.just(1_000_000).map(lambda size: f'{head}  File "made.py", line 1, in run\n    {"y" * size}\n{last}')
    return st.one_of(st.none(), listed, long_line)


def stored_errors() -> SearchStrategy[Meta]:
    """What backends whose serializer takes no exceptions store of one: of classes that the reader has, lacks, or cannot build."""
    return st.sampled_from(_errors).map(dict)


def children() -> SearchStrategy[list[Any]]:
    """What a task has started: results, results with a parent, and groups of them, as `as_tuple` writes them."""
    single = _ids.map(lambda task_id: [[task_id, None], None])
    with_parent = st.builds(lambda task_id, parent: [[task_id, parent], None], _ids, single)
    group = st.builds(lambda group_id, parts: [[group_id, None], parts], _ids, st.lists(single, max_size=3))
    return st.lists(single | with_parent | group, max_size=3)


def pending_metas() -> SearchStrategy[Meta]:
    """PENDING is what no key means, and what a task may also say of itself."""
    return _metas("PENDING", st.none(), ready=False)


def started_metas() -> SearchStrategy[Meta]:
    """STARTED, with the process that has it."""
    return _metas("STARTED", st.fixed_dictionaries({"pid": st.integers(1, 2**22), "hostname": _words}), ready=False)


def custom_metas(values: SearchStrategy[Any] = _values) -> SearchStrategy[Meta]:
    """States of the task's own, by `update_state`."""
    return st.sampled_from(["PROGRESS", "a state", "ÜBER", "X" * 300]).flatmap(
        lambda state: _metas(state, values, ready=False)
    )


def retry_metas(*, heavy: bool = False) -> SearchStrategy[Meta]:
    """RETRY, with the error that it is tried again for, or none."""
    return _metas("RETRY", st.none() | stored_errors(), traces=tracebacks(heavy=heavy), ready=False)


def success_metas(values: SearchStrategy[Any] = _values) -> SearchStrategy[Meta]:
    """SUCCESS, with what the task returned."""
    return _metas("SUCCESS", values)


def failure_metas(*, heavy: bool = False) -> SearchStrategy[Meta]:
    """FAILURE, with the error; the traceback may be missing, as where the worker was lost."""
    return _metas("FAILURE", stored_errors(), traces=tracebacks(heavy=heavy))


def revoked_metas() -> SearchStrategy[Meta]:
    """REVOKED, with the reason."""
    reasons = st.sampled_from(["revoked", "terminated", "expired", ""])
    error = reasons.map(
        lambda reason: {"exc_type": "TaskRevokedError", "exc_message": [reason], "exc_module": "celery.exceptions"}
    )
    return _metas("REVOKED", error)


def task_metas(values: SearchStrategy[Any] = _values, *, heavy: bool = False) -> SearchStrategy[Meta]:
    """A task in any state; `values` are what tasks return, and say of themselves. `heavy` adds tracebacks of a megabyte."""
    return st.one_of(
        pending_metas(),
        started_metas(),
        custom_metas(values),
        retry_metas(heavy=heavy),
        success_metas(values),
        failure_metas(heavy=heavy),
        revoked_metas(),
    )


def group_metas() -> SearchStrategy[Meta]:
    """A saved `GroupResult`: its id and its members, which may be groups."""
    return st.builds(lambda group_id, parts: {"result": [[group_id, None], parts]}, _ids, children())


def _metas(
    state: str,
    results: SearchStrategy[Any],
    *,
    traces: SearchStrategy[str | None] = _no_traceback,
    ready: bool = True,
) -> SearchStrategy[Meta]:
    """`ready`: it has ended, and says when."""
    required = {
        "status": st.just(state),
        "result": results,
        "traceback": traces,
        "children": children(),
        "date_done": st.datetimes().map(lambda moment: f"{moment.isoformat()}+00:00") if ready else st.none(),
        "task_id": _ids,
    }
    # With `result_extended`, and for members of groups and chains.
    optional = {
        "group_id": _ids,
        "parent_id": _ids,
        "name": _words,
        "args": st.lists(_plain, max_size=2),
        "kwargs": st.dictionaries(_words, _plain, max_size=2),
        "worker": _words,
        "retries": st.integers(0, 9),
        "queue": _words,
    }
    return st.fixed_dictionaries(required, optional=optional)
