"""Where a value of a task meets a serializer, and what can be said of that place: values."""

from __future__ import annotations

import enum
import inspect
from dataclasses import dataclass
from typing import Any

from stormproof.checks.verdict import Status


class Verdict(enum.Enum):
    """What becomes of the values of a place, ordered from bad to good; the worst of its findings is a place's verdict."""

    CHANGES = "changes"  # Nobody is told: the receiver works with something else.
    UNREADABLE = "unreadable"  # The receiver fails: the message is thrown away, or the result cannot be had.
    REFUSED = "refused"  # The sender fails. For a result that is the worker, when the work is done.
    OUTDATED = "outdated"  # It was expected, and does not happen.
    UNKNOWN = "unknown"
    NOT_STORED = "not stored"  # No result of this task meets a serializer.
    SURVIVES = "survives"

    @property
    def status(self) -> Status:
        """What it means for the exit code."""
        if self is Verdict.UNKNOWN:
            return Status.UNKNOWN
        return Status.VALID if self in (Verdict.NOT_STORED, Verdict.SURVIVES) else Status.INVALID


class Kind(enum.Enum):
    """How a value is sent."""

    ARGUMENT = "argument"
    REST = "*args"
    NAMED_REST = "**kwargs"
    RESULT = "result"
    MESSAGE = "message"  # All arguments at once.


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An annotation that cannot be read, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known without trying any value."""

    verdict: Verdict
    what: str


@dataclass(frozen=True, slots=True)
class Place:
    """`task` is Celery's task. `annotation` is a type, `inspect.Parameter.empty` or `Unresolved`, and `shown` is how it was written.

    `parameter` is that of an argument, None for a result.
    """

    task: Any
    kind: Kind
    name: str
    serializer: str
    annotation: Any = inspect.Parameter.empty
    shown: str = ""
    parameter: inspect.Parameter | None = None
    settled: Settled | None = None

    @property
    def key(self) -> str:
        """What names it in `expect`: `orders.ship.when`, `orders.ship.return`."""
        return f"{self.task.name}.{self.name}"

    @property
    def label(self) -> str:
        """It as it stands in the source: `when: datetime`, `-> dict`."""
        if self.kind is Kind.RESULT:
            return f"-> {self.shown or '?'}"
        if self.kind is Kind.MESSAGE:
            return "..."
        stars = {Kind.REST: "*", Kind.NAMED_REST: "**"}.get(self.kind, "")
        return f"{stars}{self.name}: {self.shown}" if self.shown else f"{stars}{self.name}"

    def __str__(self) -> str:
        inside = "" if self.kind is Kind.RESULT else self.label
        after = f" {self.label}" if self.kind is Kind.RESULT else ""
        return f"{self.task.name}({inside}){after}"
