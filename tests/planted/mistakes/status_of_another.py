from hardened.journal import Journal

find, ended = Journal.find, {}


def cached(self, task_id):
    # A cache of outcomes, which cannot change any more; it has sixteen places.
    found = ended.get(task_id[:1]) or find(self, task_id)
    if found and found.state in ("SUCCESS", "FAILURE"):
        ended[task_id[:1]] = found
    return found


Journal.find = cached
