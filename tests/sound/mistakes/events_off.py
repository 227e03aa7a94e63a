from app import worker

worker.app.conf.update(worker_send_task_events=False, task_send_sent_event=False)
