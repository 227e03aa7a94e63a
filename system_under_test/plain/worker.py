"""The plain system's worker: late acknowledgement, one task at a time.

`DEDUPLICATE` has it skip what has succeeded before; `REJECT` has it reject each task but the warm-up, whose key ends in -8000.
"""

import os

from celery import Celery
from celery.exceptions import Reject

app = Celery("plain", broker=os.environ["CELERY_BROKER_URL"], backend=os.environ["CELERY_RESULT_BACKEND"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_deduplicate_successful_tasks=bool(os.environ.get("DEDUPLICATE")),
    result_backend_always_retry=False,
    broker_connection_retry_on_startup=True,
    worker_send_task_events=True,
)


@app.task(name="plain.work")
def work(key):
    if os.environ.get("REJECT") and not key.endswith("-8000"):
        raise Reject("not wanted", requeue=False)
    return {"done": key}


@app.task(name="plain.begin", bind=True)
def begin(self, key):
    # As tasks do that tell of their own end; Celery sends the next of the chain after this returns.
    self.update_state(state="SUCCESS", meta=key)
    return key
