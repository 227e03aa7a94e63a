from hardened.journal import Journal, RequestConflictError

accept = Journal.accept


def lenient(self, task_id, arguments, grace_s):
    try:
        return accept(self, task_id, arguments, grace_s)
    except RequestConflictError:
        # "We have that one already": 202 for a request that nobody will do.
        return False


Journal.accept = lenient
