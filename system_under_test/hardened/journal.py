"""The journal: what was accepted, who is at work on it, and how it ended. The truth of this service.

It is SQLite and not Redis because it must not share the broker's fate: a Redis that is wiped, full, evicting or frozen
takes the messages with it, but not the promises. A commit is on the disk before anybody is told of it. API, workers
and sweeper share the file, so they run on one host; for several hosts put these few statements on PostgreSQL.

States: PENDING -> STARTED -> (RETRY -> STARTED)* -> SUCCESS or FAILURE, which are final.
`claims` holds the worker's side.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardened.process_identity import is_gone

SCHEMA = """
CREATE TABLE IF NOT EXISTS submissions (
    task_id         TEXT PRIMARY KEY,
    arguments       TEXT NOT NULL,               -- JSON object: what the task is called with
    state           TEXT NOT NULL DEFAULT 'PENDING',
    accepted_at     REAL NOT NULL,
    publications    INTEGER NOT NULL DEFAULT 0,
    unanswered      INTEGER NOT NULL DEFAULT 0,  -- publications since a worker last claimed it
    published_at    REAL,                        -- NULL: no message of it is believed to be in the broker
    due_at          REAL NOT NULL,               -- publish it (again) when this time has come and nobody holds it
    holder          TEXT,                        -- the process that has claimed it
    lease_until     REAL,                        -- ... and until when
    sending         INTEGER NOT NULL DEFAULT 0,  -- 1 from just before the e-mail may leave until the outcome is known
    attempts        INTEGER NOT NULL DEFAULT 0,  -- transient errors so far
    lost_deliveries INTEGER NOT NULL DEFAULT 0,  -- claims whose holder vanished
    uncertain       INTEGER NOT NULL DEFAULT 0,  -- times that the e-mail may have left with nobody to say so
    result          TEXT,                        -- JSON, of a SUCCESS
    error_type      TEXT,
    error_message   TEXT,
    finished_at     REAL
) STRICT;
CREATE INDEX IF NOT EXISTS open_submissions ON submissions (due_at) WHERE finished_at IS NULL;
"""


class RequestConflictError(Exception):
    """The task id is known, but for another request."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One row as a caller of the API may see it. `error` is type and message of the last error."""

    task_id: str
    state: str
    result: Any
    error: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Due:
    """A submission to be published again."""

    task_id: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Totals:
    """What the metrics tell. `states` counts submissions by state, `failures` those that failed by type of error."""

    states: dict[str, int]
    failures: dict[str, int]
    lost_deliveries: int
    uncertain_sends: int
    resubmissions: int
    oldest_open_s: float


class Journal:
    """`busy_timeout_s`: how long to wait for another process's transaction before sqlite3.OperationalError."""

    def __init__(self, path: Path, busy_timeout_s: float = 5.0, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._local = threading.local()
        # SQLite lets processes wait by polling; threads of one process had better queue up.
        self._one_writer = threading.Lock()

    def accept(self, task_id: str, arguments: dict[str, Any], grace_s: float) -> bool:
        """Write a submission down; False where it was there and published before. Raises RequestConflictError.

        If nobody publishes it (the API dies now), the sweeper does so after `grace_s`.
        """
        now = self.clock()
        with self.transaction() as db:
            row = db.execute("SELECT arguments, publications FROM submissions WHERE task_id = ?", (task_id,)).fetchone()
            if row is None:
                db.execute(
                    "INSERT INTO submissions (task_id, arguments, accepted_at, due_at) VALUES (?, ?, ?, ?)",
                    (task_id, canonical(arguments), now, now + grace_s),
                )
                return True
            if row["arguments"] != canonical(arguments):
                raise RequestConflictError(task_id)
            return bool(row["publications"] == 0)

    def published(self, due: Due, again_after_s: float) -> None:
        """The broker has a message of it. Publish again after `again_after_s`.

        That time doubles, up to 8-fold, with each publication in a row that no worker has claimed.
        """
        now = self.clock()
        with self.transaction() as db:
            # Another API process that failed to publish the same request may have withdrawn the row: so, insert.
            db.execute(
                "INSERT INTO submissions"
                " (task_id, arguments, accepted_at, publications, unanswered, published_at, due_at)"
                " VALUES (:id, :arguments, :now, 1, 1, :now, :now + :again)"
                " ON CONFLICT (task_id) DO UPDATE SET publications = publications + 1, unanswered = unanswered + 1,"
                " published_at = :now, due_at = :now + :again * (1 << min(unanswered, 3))",
                {"id": due.task_id, "arguments": canonical(due.arguments), "now": now, "again": again_after_s},
            )

    def withdraw(self, task_id: str) -> bool:
        """Remove what could not be published. False where it stays, because another's attempt succeeded."""
        with self.transaction() as db:
            db.execute(
                "DELETE FROM submissions WHERE task_id = ? AND publications = 0 AND state = 'PENDING'", (task_id,)
            )
            return db.execute("SELECT 1 FROM submissions WHERE task_id = ?", (task_id,)).fetchone() is None

    def find(self, task_id: str) -> Submission | None:
        """What is known of a task."""
        row = self.connection.execute("SELECT * FROM submissions WHERE task_id = ?", (task_id,)).fetchone()
        if row is None:
            return None
        return Submission(
            task_id=task_id,
            state=row["state"],
            result=None if row["result"] is None else json.loads(row["result"]),
            error=None if row["error_type"] is None else (row["error_type"], row["error_message"]),
        )

    def due(self, limit: int, queued_since_s: float = 0.0) -> list[Due]:
        """Submissions without an outcome that wait for no one, oldest first.

        Those whose message may still be in the queue are left alone until `queued_since_s` after their publication.
        """
        now = self.clock()
        rows = self.connection.execute(
            "SELECT task_id, arguments, holder, lease_until FROM submissions"
            " WHERE finished_at IS NULL AND due_at <= :now"
            " AND (published_at IS NULL OR published_at <= :now - :queued) ORDER BY due_at",
            {"now": now, "queued": queued_since_s},
        )
        found: list[Due] = []
        for row in rows:
            if len(found) == limit:
                break
            if not held(row, now):
                found.append(Due(row["task_id"], json.loads(row["arguments"])))
        return found

    def forget_finished(self, older_than_s: float) -> int:
        """Remove outcomes that are older; how many."""
        with self.transaction() as db:
            return db.execute("DELETE FROM submissions WHERE finished_at < ?", (self.clock() - older_than_s,)).rowcount

    def open_submissions(self) -> int:
        """How many accepted submissions have no outcome yet."""
        row = self.connection.execute("SELECT count(*) FROM submissions WHERE finished_at IS NULL").fetchone()
        return int(row[0])

    def waiting(self) -> int:
        """How many of them are published, and in nobody's hands: so many messages should be in the queue."""
        row = self.connection.execute(
            "SELECT count(*) FROM submissions WHERE finished_at IS NULL AND published_at IS NOT NULL AND holder IS NULL"
        ).fetchone()
        return int(row[0])

    def totals(self) -> Totals:
        """Sums over all rows, for the metrics."""
        db = self.connection
        states = dict(db.execute("SELECT state, count(*) FROM submissions GROUP BY state").fetchall())
        failures = dict(
            db.execute(
                "SELECT error_type, count(*) FROM submissions WHERE state = 'FAILURE' GROUP BY error_type"
            ).fetchall()
        )
        row = db.execute(
            "SELECT total(lost_deliveries), total(uncertain), total(max(publications - 1, 0)),"
            " min(accepted_at) FILTER (WHERE finished_at IS NULL) FROM submissions"
        ).fetchone()
        oldest_open_s = 0.0 if row[3] is None else self.clock() - row[3]
        return Totals(states, failures, int(row[0]), int(row[1]), int(row[2]), oldest_open_s)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection. A connection must not cross a fork, so one inherited from a parent is not used."""
        mine: tuple[int, sqlite3.Connection] | None = getattr(self._local, "mine", None)
        if mine is None or mine[0] != os.getpid():
            self._local.inherited = mine  # Closing it here would touch the parent's locks.
            mine = self._local.mine = (os.getpid(), self._open())
        return mine[1]

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction; it takes the write lock at once, so that what it has read stays true."""
        db = self.connection
        with self._one_writer:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=self._busy_timeout_s, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")  # Readers do not wait for a writer.
        db.execute("PRAGMA synchronous = FULL")  # A commit survives a power cut.
        db.executescript(SCHEMA)
        return db


def canonical(arguments: dict[str, Any]) -> str:
    """JSON that is equal for equal arguments."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":"))


def held(row: sqlite3.Row, now: float) -> bool:
    """Whether somebody who may still be alive is at work on it."""
    return row["holder"] is not None and row["lease_until"] > now and not is_gone(row["holder"])
