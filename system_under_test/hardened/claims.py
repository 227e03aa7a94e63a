"""Claims: which of several deliveries of a task may work on it. The worker's side of the journal.

A claim is a lease in the journal, so it survives its worker in either order: claimed but not sent (the next delivery
takes it over as soon as the holder is proved dead, or when the lease is out), and sent but not recorded: `sending` is
set, so the next one knows that the e-mail may have left. No server can be asked whether it has; so it is not sent again,
and the outcome says that nobody knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hardened.journal import Journal, canonical, held
from hardened.outcome import as_json
from hardened.process_identity import own_name


class ClaimLostError(Exception):
    """The lease is not ours any more, or too short to do what was about to be done."""


class GaveUpError(Exception):
    """It is not tried again: each of its workers has died of it, or its e-mail may have left already."""


MAY_HAVE_LEFT = "the e-mail may have been sent, and is not sent again"


@dataclass(frozen=True, slots=True)
class Finished:
    """The task has an outcome already. `result` is that of a SUCCESS."""

    succeeded: bool
    result: Any


@dataclass(frozen=True, slots=True)
class Held:
    """Another process is at work on it."""

    holder: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The journal does not know the task, and its message is so old that there may have been an outcome."""


@dataclass(frozen=True, slots=True)
class Claim:
    """This process may work on the task."""

    journal: Journal
    task_id: str
    holder: str
    attempts: int

    def before_sending(self, needs_s: float) -> None:
        """The fence, the last step before no return. Raises ClaimLostError unless `needs_s` of the lease are left."""
        with self.journal.transaction() as db:
            changed = db.execute(
                "UPDATE submissions SET sending = 1"
                " WHERE task_id = ? AND holder = ? AND finished_at IS NULL AND lease_until > ?",
                (self.task_id, self.holder, self.journal.clock() + needs_s),
            ).rowcount
        if not changed:
            raise ClaimLostError(f"the lease on {self.task_id} is lost or about to end")

    def succeed(self, result: Any) -> None:
        """Record the outcome, also where the lease is over: it has happened. The first outcome stays.

        Raises what `outcome.as_json` does.
        """
        text = as_json(result)
        with self.journal.transaction() as db:
            db.execute(
                "UPDATE submissions SET state = 'SUCCESS', result = ?, error_type = NULL, error_message = NULL,"
                " finished_at = ?, holder = NULL, sending = 0 WHERE task_id = ? AND finished_at IS NULL",
                (text, self.journal.clock(), self.task_id),
            )

    def may_have_sent(self) -> bool:
        """Whether this process has passed the fence, and so the e-mail may have left."""
        query = "SELECT sending FROM submissions WHERE task_id = ? AND holder = ?"
        row = self.journal.connection.execute(query, (self.task_id, self.holder)).fetchone()
        return row is not None and bool(row["sending"])

    def fail(self, error_type: str, message: str, *, uncertain: bool = False) -> None:
        """Record the outcome, unless somebody else holds the task by now. `uncertain`: the e-mail may have left."""
        with self.journal.transaction() as db:
            db.execute(
                "UPDATE submissions SET state = 'FAILURE', error_type = ?, error_message = ?, finished_at = ?,"
                " holder = NULL, uncertain = uncertain + ?, sending = 0"
                " WHERE task_id = ? AND holder = ? AND finished_at IS NULL",
                (error_type, message, self.journal.clock(), uncertain, self.task_id, self.holder),
            )

    def release(self, error_type: str, message: str, after_s: float) -> None:
        """Give the task back, to be published again after `after_s`: certainly no e-mail has left."""
        with self.journal.transaction() as db:
            db.execute(
                "UPDATE submissions SET state = 'RETRY', attempts = attempts + 1, error_type = ?, error_message = ?,"
                " due_at = ?, published_at = NULL, holder = NULL, sending = 0"
                " WHERE task_id = ? AND holder = ? AND finished_at IS NULL",
                (error_type, message, self.journal.clock() + after_s, self.task_id, self.holder),
            )


def claim(
    journal: Journal,
    task_id: str,
    arguments: dict[str, Any],
    *,
    lease_s: float,
    max_deliveries: int,
    stale: bool = False,
) -> Claim | Finished | Held | Forgotten:
    """Claim a task for this process. Raises GaveUpError, once recorded, where too many of its workers have died, or where one has
    died when the e-mail may have left.

    A task that is not in the journal is written down first: its message went through although the API could not see it. But not where
    the message is `stale`: older than outcomes are kept.
    """
    now, me = journal.clock(), own_name()
    with journal.transaction() as db:
        if not stale:
            db.execute(
                "INSERT INTO submissions (task_id, arguments, accepted_at, publications, published_at, due_at)"
                " VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (task_id) DO NOTHING",
                (task_id, canonical(arguments), now, now, now + lease_s),
            )
        row = db.execute("SELECT * FROM submissions WHERE task_id = ?", (task_id,)).fetchone()
        if row is None:
            return Forgotten()
        if row["finished_at"] is not None:
            return Finished(row["state"] == "SUCCESS", None if row["result"] is None else json.loads(row["result"]))
        # A claim of this very process is a leftover: a pool process does one task at a time.
        if held(row, now) and row["holder"] != me:
            return Held(row["holder"])
        lost = row["lost_deliveries"] + (row["holder"] is not None)
        uncertain, error = bool(row["sending"]), ""
        if uncertain:
            error = f"its worker died as it handed the e-mail over: {MAY_HAVE_LEFT}"
        elif lost >= max_deliveries:
            error = f"{lost} deliveries ended with the death of their worker"
        db.execute(
            "UPDATE submissions SET state = 'STARTED', holder = ?, lease_until = ?, lost_deliveries = ?,"
            " unanswered = 0, sending = 0 WHERE task_id = ?",
            (me, now + lease_s, lost, task_id),
        )
    mine = Claim(journal, task_id, me, row["attempts"])
    if error:
        mine.fail(GaveUpError.__name__, error, uncertain=uncertain)
        raise GaveUpError(error)
    return mine
