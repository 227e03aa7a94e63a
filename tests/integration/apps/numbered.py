"""A service whose only task takes a whole number: nothing else of a submission reaches the worker."""

import os
import time

from celery import Celery
from fastapi import FastAPI
from pydantic import BaseModel

celery = Celery("numbered", broker=os.environ["BROKER"], backend=os.environ["RESULTS"])
celery.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, broker_connection_retry_on_startup=True)

api = FastAPI()


@celery.task
def square(number: int) -> int:
    """Take from one to four units of time, as the number says."""
    time.sleep((1 + number % 4) * float(os.environ["UNIT_S"]))
    return number * number


class Request(BaseModel, extra="forbid", strict=True):
    number: int


@api.get("/ready")
def ready() -> str:
    return "yes"


@api.post("/squares", status_code=202)
def submit(request: Request) -> dict[str, str]:
    return {"task_id": square.delay(request.number).id}


@api.get("/squares/{task_id}")
def status(task_id: str) -> dict[str, object]:
    result = celery.AsyncResult(task_id)
    return {"status": result.status, "result": result.result if result.status == "SUCCESS" else None}
