from app import worker

worker.app.conf.task_ignore_result = True
