from app import worker

worker.app.conf.update(task_acks_late=False, task_reject_on_worker_lost=False)
