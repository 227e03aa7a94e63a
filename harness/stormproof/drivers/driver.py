"""The interface of a driver, which submits work to a system, reads its status, and decides the outcome of each, in one
place for all callers.

`drivers/http/` is one. To add another, start from it, and name its class with an entry point of the group
`stormproof.drivers`. A description selects it with `kind = "..."` in `[submit]`. `stormproof.testing` checks it against
this interface.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import httpx
import msgspec

from stormproof.history import Outcome
from stormproof.spec.system import System


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one operation. `outcome`: `ok`; `fail`, if it certainly had no effect; `info` otherwise. Every
    exception is `info` unless it is proved that nothing reached the system.

    The other fields are those of `Returned` in a history. `document` is the whole answer, for drivers that diagnose a
    description.
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
    """One driver, for one run. Failures are in the returned value. It raises only errors that the system did not cause:
    StormproofError if the harness itself is short of something.
    """

    def __init__(self, system: System, http: httpx.AsyncClient, address: Callable[[str], str]) -> None:
        """`http`: connections that the run closes at its end. `address`: returns where a component answers HTTP."""

    async def submit(self, key: str) -> Reply:
        """Submit one piece of work that names this key."""

    async def status(self, task_id: str) -> Reply:
        """Ask for a task's status."""


@runtime_checkable
class Counts(Protocol):
    """A driver that can read the counts in a system's own metrics."""

    async def counts(self) -> tuple[float, float, str]:
        """Submissions that succeeded, those that failed, and why the counts cannot be read ("" if they can)."""


@runtime_checkable
class HoldsBack(Protocol):
    """A driver that can ask a system how much accepted work it holds outside the broker."""

    async def backlog(self) -> int:
        """How much. Raises UnreachableError if the system does not report it."""


@runtime_checkable
class Diagnoses(Protocol):
    """A driver that compares a description with the answers that the system gives while no fault is active. Each method
    returns a sentence with what to change, or "" if nothing can be concluded.
    """

    def of_submission(self, reply: Reply, *, soon: bool) -> str:
        """The mistake shown by this answer to a submission. `soon`: the system may still be starting."""

    def of_status(self, reply: Reply) -> str:
        """The mistake shown by this answer about a task that has ended."""

    def of_state(self, state: str) -> str:
        """The mistake shown by the state in that answer, if the state no longer changes."""

    def of_result(self, reply: Reply) -> str:
        """The mistake shown by an answer that reports success, if the task returned something."""

    def mentions(self, reply: Reply, task_id: str) -> bool:
        """Whether the answer has this id anywhere."""

    def of_task_id(self, reply: Reply, ran: str) -> str:
        """The mistake shown by a task id: no task had the id in the answer to its submission, and `ran` is the id of
        the task that ran.
        """
