"""The tutorial's worker with late acknowledgement. Its API is the tutorial's own: `uvicorn tutorial.api:app`."""

from tutorial.worker import celery_app

celery_app.conf.task_acks_late = True
