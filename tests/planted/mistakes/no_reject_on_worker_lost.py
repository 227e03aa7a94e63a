import change

change.worker_config(task_reject_on_worker_lost=False)
