"""One value on its way as Celery sends it: in the body of a task's message, or in the record of a result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stormproof.serializers import models
from stormproof.serializers.codec import Fate, Passage, through
from stormproof.serializers.differing import differences
from stormproof.serializers.exact import Difference, brief
from stormproof.serializers.place import Kind, Place, Verdict

_MOST_CHARACTERS = 1000
_ADDRESS = re.compile(r" at 0x[0-9a-f]+(?=>)")
_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that becomes of a value: `what` is alike for alike outcomes ("tuple becomes list", "refused: TypeError")."""

    verdict: Verdict
    what: str
    value: Any
    difference: Difference | None = None

    def __str__(self) -> str:
        return str(self.difference) if self.difference else f"{self.what}: {example(self.value)}"


def example(value: Any) -> str:
    """Its `repr`, whole where that is possible at all, as it is to be tried by hand; without an address, which would be another each time."""
    text = brief(value)
    try:
        whole = repr(value)
    except Exception:  # As `brief` has said.
        return text
    return _ADDRESS.sub("", whole if len(whole) <= _MOST_CHARACTERS else text)


def outcomes(place: Place, value: Any) -> Iterator[Outcome]:
    """Return everything that happens to a value; empty if it arrives unchanged. Raises UnlikeCeleryError."""
    by_celery = models.handles_models(place.task)
    sent = _handed_over(place, value) if by_celery else value
    passage = through(place.serializer, _message(place.kind, sent))
    if passage.fate not in (Fate.UNCHANGED, Fate.CHANGED):
        yield _failure(passage, value)
        return
    try:
        got = _at_its_place(place.kind, passage.got)
    except (LookupError, TypeError, ValueError) as error:
        yield Outcome(Verdict.UNREADABLE, f"unreadable: {type(error).__name__}", value)
        return
    if by_celery and place.parameter is not None:
        sent = value
        try:
            got = models.received(place.task, place.parameter, place.kind, got)
        except models.UnlikeCeleryError:
            raise
        except Exception as error:  # A validator may raise anything.
            yield Outcome(Verdict.UNREADABLE, f"unreadable: {type(error).__name__}", value)
            return
    for found in differences(sent, got):
        yield Outcome(Verdict.CHANGES, found.what, value, found)


def _failure(passage: Passage, value: Any) -> Outcome:
    if passage.fate is Fate.UNREADABLE:
        return Outcome(Verdict.UNREADABLE, passage.what, value)
    return Outcome(Verdict.REFUSED, f"refused: {passage.error}", value)


def _handed_over(place: Place, value: Any) -> Any:
    if place.parameter is None:
        return models.returned(place.task, value)
    return models.dumped(place.task, place.parameter.name, place.kind, value)


def _message(kind: Kind, value: Any) -> Any:
    """As `celery.app.amqp.AMQP.as_task_v2` and `celery.backends.base.Backend` make them."""
    if kind is Kind.RESULT:
        return {"status": "SUCCESS", "result": value, "traceback": None, "children": [], "task_id": "1"}
    if kind is Kind.NAMED_REST:
        return [[], value, _EMBED]
    return [list(value) if kind is Kind.REST else [value], {}, _EMBED]


def _at_its_place(kind: Kind, message: Any) -> Any:
    if kind is Kind.RESULT:
        return message["result"]
    args, kwargs, _ = message
    if kind is Kind.NAMED_REST:
        return kwargs
    return args if kind is Kind.REST else args[0]
