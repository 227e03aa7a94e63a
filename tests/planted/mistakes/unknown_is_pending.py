from hardened.journal import Journal, Submission

find = Journal.find
# As Celery's own AsyncResult answers for an id that it never saw.
Journal.find = lambda self, task_id: find(self, task_id) or Submission(task_id, "PENDING", None, None)
