"""What a check returns for a history: a status, and the evidence for it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

NOTHING_OBSERVED = "nothing_observed"
"""The kind of finding that any check reports if the history had nothing for it to judge."""


class Status(enum.IntEnum):
    """The statuses, ordered from good to bad, so that merging is `max`.

    The idea comes from Jepsen's `merge-valid`. The order is ours: a proved violation outweighs what could not be seen.
    """

    VALID = 0
    UNKNOWN = 1
    INVALID = 2

    @property
    def word(self) -> str:
        """`valid`, `unknown` or `invalid`."""
        return self.name.lower()

    @property
    def exit_code(self) -> int:
        """The exit code of a command: 0 valid, 1 invalid, 2 unknown."""
        return {Status.VALID: 0, Status.INVALID: 1, Status.UNKNOWN: 2}[self]


class Category(enum.Enum):
    """What kind of problem a finding reports. Each check declares a category for each of its kinds.

    Code that counts, sorts or names kinds reads only this. The most important categories come first. `column`: the table
    column in which such findings count (empty: none). `told`: how a sentence about submissions ends ("2 of 24 accepted
    submissions were ..."); if it is empty, the finding's own message is used.
    """

    LOST = "lost", "lost", "never done"
    UNSENT = "unsent", "lost", "done, but never sent"
    DOUBLED = "doubled", "doubled", "sent more than once"
    REPEATED = "repeated", "doubled", "executed more than once"
    STUCK = "stuck", "stuck", "still undone, and nobody will do them"
    HUNG = "hung", "stuck", ""
    WEDGED = "wedged", "stuck", ""
    UNTOLD = "untold", "stuck", ""
    SLOW_ANSWER = "slow answer", "slow", ""
    SLOW = "slow", "slow", ""
    UNREADABLE = "unreadable", "wrong", ""
    UNTRUE = "untrue", "wrong", ""
    UNSTEADY = "unsteady", "wrong", ""
    PHANTOM = "phantom", "wrong", ""
    ANSWER = "wrong answer", "wrong", ""
    DIED = "died", "wrong", ""
    LEAK = "leak", "wrong", ""
    WRONG = "wrong", "wrong", ""
    STRANDED = "stranded", "", ""
    NEVER_RAN = "never ran", "", ""
    """The same submission is already counted as LOST or STUCK, so this is not counted again."""
    UNDECIDED = "undecided", "", ""

    def __init__(self, word: str, column: str, told: str) -> None:
        self.word = word
        self.column = column
        self.told = told


Kinds = Mapping[str, Category]
"""The kinds of findings that a check can report, each with its category."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a check found: `kind` is a stable word, `evidence` the indexes of the events that prove it.

    `key` names the submission it is about (empty: the whole system). `status` is INVALID for a proof, UNKNOWN if nothing
    could be decided, and VALID for a remark, which changes no verdict but which a user should know.
    """

    kind: str
    message: str
    evidence: tuple[int, ...] = ()
    key: str = ""
    status: Status = Status.INVALID

    @property
    def is_remark(self) -> bool:
        """Whether the finding only informs, and holds nothing against the system."""
        return self.status is Status.VALID

    @property
    def word(self) -> str:
        """`invalid`, `unknown` or `remark`."""
        return "remark" if self.is_remark else self.status.word


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one check. `observed` counts what the check looked at, in the check's own unit."""

    check: str
    status: Status
    findings: tuple[Finding, ...] = ()
    observed: int = 0

    @classmethod
    def of(cls, check: str, findings: Iterable[Finding], observed: int) -> Verdict:
        """Build the verdict from the worst finding. If nothing was observed and only remarks were found, it is `unknown`, never `valid`."""
        found = tuple(findings)
        if observed == 0 and all(finding.is_remark for finding in found):
            nothing = Finding(kind=NOTHING_OBSERVED, message="there was nothing to judge", status=Status.UNKNOWN)
            return cls(check=check, status=Status.UNKNOWN, findings=(nothing, *found))
        status = max((finding.status for finding in found), default=Status.VALID)
        return cls(check=check, status=status, findings=found, observed=observed)


def merge(verdicts: Iterable[Verdict]) -> Status:
    """Return the worst status of all; without any verdict, `unknown`."""
    return max((verdict.status for verdict in verdicts), default=Status.UNKNOWN)
