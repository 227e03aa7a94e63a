"""What Stormproof asks of a driver: to submit work to a system, to read its status, and to decide what came of each, once for everybody.

`drivers/http/` is one. To add another, imitate it, and name its class by an entry point of the group `stormproof.drivers`; a description
chooses it with `kind = "..."` in `[submit]`. `stormproof.testing` holds it to what stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import httpx
import msgspec

from stormproof.history import Outcome
from stormproof.spec.system import System


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one operation. `outcome`: `ok`; `fail`, where it certainly had no effect; `info` for all else: every exception is `info`
    unless it is proved that nothing reached the system.

    The other fields are those of `Returned` in a history. `document` is the whole answer, for a driver that says what in a description does
    not fit it.
    """

    outcome: Outcome
    http_status: int = 0
    task_id: str = ""
    state: str = ""
    terminal: bool = False
    success: bool = False
    value: str = ""
    retry_after: bool = False
    retry_after_s: float = -1.0
    partial: bool = False
    error: str = ""
    document: Any = None


class Driver(Protocol):
    """One driver, for one run. What goes wrong is in what it returns: it raises only what is no fault of the system's, StormproofError where
    the harness itself is short of something.
    """

    def __init__(self, system: System, http: httpx.AsyncClient, address: Callable[[str], str]) -> None:
        """`http`: connections that the run closes at its end. `address`: where a component answers HTTP."""

    async def submit(self, key: str) -> Reply:
        """Submit one piece of work that names this key."""

    async def status(self, task_id: str) -> Reply:
        """Ask for a task's status."""


@runtime_checkable
class Counts(Protocol):
    """A driver that can read what a system's own metrics count."""

    async def counts(self) -> tuple[float, float, str]:
        """Submissions that ended in success, those that ended in failure, and why that cannot be read ("" where it can)."""


@runtime_checkable
class HoldsBack(Protocol):
    """A driver that can ask a system how much accepted work it holds outside the broker."""

    async def backlog(self) -> int:
        """How much. Raises UnreachableError where it does not say."""


@runtime_checkable
class Diagnoses(Protocol):
    """A driver that says what in a description does not fit the answers that the system gives in calm. Each returns a sentence with what to
    change, or "" where nothing can be said.
    """

    def of_submission(self, reply: Reply, *, soon: bool) -> str:
        """What is wrong, where a submission was answered so. `soon`: the system may not yet be quite there."""

    def of_status(self, reply: Reply) -> str:
        """The same of the answer about a task that has ended."""

    def of_state(self, state: str) -> str:
        """The same of the state in that answer, where it stays as it is."""

    def of_result(self, reply: Reply) -> str:
        """The same of an answer that says success, where the task returned something."""

    def mentions(self, reply: Reply, task_id: str) -> bool:
        """Whether the answer has this id anywhere."""

    def of_task_id(self, reply: Reply, ran: str) -> str:
        """What is wrong, where no task had the id that the answer to its submission gave, and `ran` is the id of the one that ran."""
