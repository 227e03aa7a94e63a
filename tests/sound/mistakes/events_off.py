from app import worker

worker.app.conf.worker_send_task_events = False
