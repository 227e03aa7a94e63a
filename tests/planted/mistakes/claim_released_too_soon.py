import change
from hardened.tasks import SendEmail


def run(self, recipient, content):
    with self.claim.journal.transaction() as db:
        db.execute("UPDATE submissions SET holder = NULL WHERE task_id = ?", (self.claim.task_id,))
    return change.send(self, recipient, content)


SendEmail.run = run
