import change

change.worker_config(worker_send_task_events=False)
