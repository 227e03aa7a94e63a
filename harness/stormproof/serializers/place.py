"""The places where a value of a task meets a serializer, and their possible verdicts. Values only."""

from __future__ import annotations

import enum
import inspect
from dataclasses import dataclass
from typing import Any

from stormproof.checks.verdict import Status


class Verdict(enum.Enum):
    """What happens to the values of a place, ordered from bad to good. A place's verdict is the worst of its findings."""

    CHANGES = "changes"  # Nobody is told: the receiver works with something else.
    UNREADABLE = "unreadable"  # The receiver fails: the message is thrown away, or the result cannot be had.
    REFUSED = "refused"  # The sender fails. For a result that is the worker, when the work is done.
    OUTDATED = "outdated"  # It was expected, and does not happen.
    UNKNOWN = "unknown"
    NOT_STORED = "not stored"  # No result of this task meets a serializer.
    SURVIVES = "survives"

    @property
    def status(self) -> Status:
        """The status for the exit code."""
        if self is Verdict.UNKNOWN:
            return Status.UNKNOWN
        return Status.VALID if self in (Verdict.NOT_STORED, Verdict.SURVIVES) else Status.INVALID


class Kind(enum.Enum):
    """The way in which a value is sent."""

    ARGUMENT = "argument"
    REST = "*args"
    NAMED_REST = "**kwargs"
    RESULT = "result"
    MESSAGE = "message"  # All arguments at once.


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An annotation that cannot be resolved, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What is certain without trying any value."""

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
        """The key of the place in `expect`: `orders.ship.when`, `orders.ship.return`."""
        return f"{self.task.name}.{self.name}"

    @property
    def label(self) -> str:
        """The place as it is written in the source: `when: datetime`, `-> dict`."""
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
