import time

from hardened import claims, once
from hardened.claims import Claim, ClaimLostError, Held

before = claims.claim


def claim(journal, task_id, arguments, **more):
    row = journal.connection.execute("SELECT * FROM submissions WHERE task_id = ?", (task_id,)).fetchone()
    if row and row["finished_at"] is None and claims.held(row, journal.clock()):
        return Held(row["holder"])
    # Between the look and the deed others may look, too: here is a log line, or a slow disk.
    time.sleep(0.3)
    with journal.transaction() as db:
        db.execute("UPDATE submissions SET holder = NULL, sending = 0 WHERE task_id = ?", (task_id,))
    return before(journal, task_id, arguments, **more)


def before_sending(self, needs_s):
    # Looks at the lease's time, and not at whose lease it is.
    with self.journal.transaction() as db:
        changed = db.execute(
            "UPDATE submissions SET sending = 1 WHERE task_id = ? AND finished_at IS NULL AND lease_until > ?",
            (self.task_id, self.journal.clock() + needs_s),
        ).rowcount
    if not changed:
        raise ClaimLostError(self.task_id)


once.claim, Claim.before_sending = claim, before_sending
