import change

change.worker_config(task_soft_time_limit=None, task_time_limit=None)
