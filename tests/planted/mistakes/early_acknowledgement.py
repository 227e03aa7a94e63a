import change

change.worker_config(task_acks_late=False)
