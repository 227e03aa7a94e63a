from hardened.claims import Claim

release = Claim.release


def silent(self, error_type, message, after_s):
    release(self, error_type, message, after_s)
    with self.journal.transaction() as db:
        db.execute("UPDATE submissions SET state = 'STARTED' WHERE task_id = ? AND state = 'RETRY'", (self.task_id,))


Claim.release = silent
