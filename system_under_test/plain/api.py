"""The plain system's API: it says 503 where there is no broker.

`CHAIN`: a submission is two tasks. `INSIST`: it waits 1 s for the broker, and publishes again as Celery does by default.
"""

import os
import uuid

from celery import Celery
from celery.result import AsyncResult
from fastapi import FastAPI
from fastapi.responses import JSONResponse

SOON = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3, "max_retries": 0, "retry_policy": {"max_retries": 0}}

INSIST = bool(os.environ.get("INSIST"))

app = FastAPI()
# Two clients: one that publishes and knows of no results, and one that reads them.
publisher = Celery(broker=os.environ["CELERY_BROKER_URL"], set_as_current=False)
publisher.conf.update(
    broker_connection_timeout=0.3, broker_transport_options={"socket_timeout": 1.0} if INSIST else SOON
)
reader = Celery(backend=os.environ["CELERY_RESULT_BACKEND"], set_as_current=False)
reader.conf.update(
    redis_socket_timeout=0.3,
    redis_socket_connect_timeout=0.3,
    redis_retry_on_timeout=False,
    result_backend_transport_options=SOON,
)


def later():
    return JSONResponse({"detail": "try again later"}, 503, headers={"Retry-After": "1"})


@app.post("/tasks", status_code=202)
def submit(body: dict):
    task_id = str(uuid.uuid4())
    try:
        work = publisher.signature("plain.work", kwargs={"key": body["key"]}, task_id=task_id)
        if os.environ.get("CHAIN"):
            publisher.send_task(
                "plain.begin",
                kwargs={"key": body["key"]},
                task_id=str(uuid.uuid4()),
                chain=[dict(work, immutable=True)],
                retry=False,
            )
        else:
            publisher.send_task("plain.work", kwargs={"key": body["key"]}, task_id=task_id, retry=INSIST)
    except Exception:
        return later()
    return {"task_id": task_id}


@app.get("/tasks/{task_id}")
def status(task_id: str):
    try:
        found = AsyncResult(task_id, app=reader)
        state, result = found.state, found.result
    except Exception:
        return later()
    return {"task_id": task_id, "status": state, "result": result if state == "SUCCESS" else None}
