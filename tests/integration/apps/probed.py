"""A Celery app with one task for each way in which an execution can end."""

import json
import os
import time

from celery import Celery
from celery.exceptions import Ignore, Reject

app = Celery("probed", broker=os.environ["PROBED_REDIS"], backend=os.environ["PROBED_REDIS"])
app.conf.update(
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    result_backend_transport_options={"retry_policy": {"max_retries": 1, "interval_start": 0, "interval_step": 0}},
)
app.conf.update(json.loads(os.environ.get("PROBED_SETTINGS", "{}")))


@app.task
def succeed(key, result=None):
    return {"said": key} if result is None else result


@app.task
def fail(key):
    raise ValueError("no " + key)


@app.task
def reject(key):
    raise Reject("unwanted", requeue=False)


@app.task
def ignore(key):
    raise Ignore


@app.task
def unserialisable(key):
    return object()


@app.task
def leave(key):
    raise SystemExit(3)


@app.task(bind=True)
def retry_once(self, key):
    if self.request.retries == 0:
        raise self.retry(exc=OSError("again"), countdown=0)
    return key


@app.task(bind=True, autoretry_for=(Exception,), retry_kwargs={"max_retries": 1, "countdown": 0}, acks_late=True)
def careful(self, key):
    return self.request.retries


@app.task
def last(key, seconds=60):
    time.sleep(seconds)


@app.task(soft_time_limit=1)
def last_softly(key):
    return key
