from hardened.journal import Journal


def pending(self):
    return int(self.connection.execute("SELECT count(*) FROM submissions WHERE state = 'PENDING'").fetchone()[0])


Journal.open_submissions = pending
