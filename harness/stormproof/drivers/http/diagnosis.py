"""Finds mistakes in a description, from the answers that the system gives while no fault is active. Pure: an answer in,
a sentence out.

A mistake in a description is not a finding against the system. It is reported before any storm, with its fix. Nothing
is reported for an answer that may be the system's own failure, such as a 500, or a state that never changes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from stormproof.drivers.http.answers import Answer
from stormproof.spec.tables import Status, Submit
from stormproof.spec.templates import pick, word

_LATER = frozenset({408, 425, 429})
"""Codes that ask the client to retry."""
_UNFIT = frozenset({400, 422})
"""Codes that reject the value of a field."""
_UNREADY = frozenset({"RECEIVED", "STARTED", "RETRY"})
"""Celery's own states of a task that has not ended. A system that returns one for a task that has ended is itself
wrong.
"""
_MOST_NAMES, _LONGEST = 12, 80


def of_submission(how: Submit, answer: Answer) -> str:
    """The mistake shown by this answer to a submission; "" if there is none to see."""
    code, asked = answer.status_code, f"{how.method} {how.path} was answered with {answer.said}"
    if code in how.accept:
        return "" if word(pick(answer.document, how.task_id)) else _absent("submit.task_id", answer, how.task_id)
    if 200 <= code < 300:
        return f"submit.accept: {asked}; add {code} to the codes that mean accepted ({_list(how.accept)})"
    refused = _refused("submit", "path, method, json and headers", code, asked)
    whole = "; a field that takes a whole number can have {number} in place of {key}"
    return refused + (whole if refused and code in _UNFIT and how.keyed else "")


def of_status(how: Status, answer: Answer) -> str:
    """The mistake shown by this answer about a task that has ended."""
    code = answer.status_code
    if code in how.unfinished_codes:
        return ""
    if code != 200:
        asked = f"GET {how.path} was answered with {answer.said}, though the task has ended"
        return _refused("status", "path", code, asked)
    return "" if word(pick(answer.document, how.state)) else _absent("status.state", answer, how.state)


def of_state(how: Status, state: str) -> str:
    """The mistake shown by the state in that answer, if the state no longer changes."""
    if not state or state in (*how.success, *how.failure, *how.pending) or state in _UNREADY:
        return ""
    lists = f"success: {_list(how.success)}; failure: {_list(how.failure)}; pending: {_list(how.pending)}"
    return (
        f"status.state: the task has ended, and its state stays {state!r}, which no list has ({lists}); add it to status.success or "
        "status.failure, or name another field"
    )


def of_result(how: Status, answer: Answer) -> str:
    """The mistake shown by an answer that reports success, if the task returned something."""
    if not how.result or _is_there(answer.document, how.result):
        return ""
    return _absent("status.result", answer, how.result) + _IGNORED


_IGNORED = "; where your API gives no result, say status.result = false"


def of_task_id(how: Submit, document: Any, ran: str) -> str:
    """The mistake shown by a task id: no task had the id in the answer to its submission, and `ran` is the id of the
    task that ran.
    """
    given, fields = pick(document, how.task_id), list(fields_with(document, ran))
    mend = f"did you mean {fields[0]!r}?" if fields else "name the field that has the id of the task"
    return f"submit.task_id: {how.task_id!r} of the answer is {given!r}, and no such task ran; {ran} did; {mend}"


def _refused(table: str, keys: str, code: int, asked: str) -> str:
    if 300 <= code < 400:
        return f"{table}.path: {asked}, a redirect; name the path that it leads to"
    if code in (404, 405):
        return f"{table}.path: {asked}; see {table}.{keys.replace(', ', ', .').replace(' and ', ' and .')}"
    if 400 <= code < 500 and code not in _LATER:
        return f"{table}: {asked}; see {table}.{keys.replace(', ', ', .').replace(' and ', ' and .')}"
    return ""


def _absent(key: str, answer: Answer, path: str) -> str:
    """A sentence that a field is missing, which ones there are, and which may have been meant."""
    if answer.too_long:
        return ""  # It was not read.
    if answer.document is None:
        return f"{key}: the answer is no JSON: {answer.said}"
    here, walked = answer.document, ""
    for part in path.split("."):
        names = _names(here)
        if part not in names:
            where = f"the answer's {walked!r}" if walked else "the answer"
            has = f"it has: {_list(names)}" if names else f"it is {json.dumps(here)[:_LONGEST]}"
            return f"{key}: {where} has no {part!r}; {has}{_near(part, names, walked)}"
        here, walked = pick(here, part), f"{walked}.{part}".lstrip(".")
    return f"{key}: the answer's {path!r} is {json.dumps(here)[:_LONGEST]}, which is no word"


def _is_there(document: Any, path: str) -> bool:
    *way, last = path.split(".")
    return last in _names(pick(document, ".".join(way)) if way else document)


def _names(document: Any) -> list[str]:
    if isinstance(document, Mapping):
        return [str(name) for name in document]
    return [str(place) for place in range(len(document))] if isinstance(document, list) else []


def _near(part: str, names: list[str], walked: str) -> str:
    parts = (name for name in names if name and (name in part or part in name))
    found = next(iter(difflib.get_close_matches(part, names, n=1)), "") or next(parts, "")
    return f"; did you mean {f'{walked}.{found}'.lstrip('.')!r}?" if found else ""


def fields_with(document: Any, value: str, walked: str = "") -> Iterator[str]:
    if document == value:
        yield walked
    for name in _names(document):
        yield from fields_with(pick(document, name), value, f"{walked}.{name}".lstrip("."))


def _list(values: Any) -> str:
    known = [str(value) for value in values]
    return ", ".join(known[:_MOST_NAMES]) + (", ..." if len(known) > _MOST_NAMES else "") if known else "nothing"
