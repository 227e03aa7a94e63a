from hardened.journal import Journal

due = Journal.due


def newest(self, limit, queued_since_s=0.0):
    # ORDER BY due_at DESC: while new ones keep coming, the old ones wait.
    return due(self, 1_000_000, queued_since_s)[::-1][:limit]


Journal.due = newest
