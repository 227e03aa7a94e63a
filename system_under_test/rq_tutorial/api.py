"""The RQ specimen's API. Do not repair it: what is wrong here is what the storms are to find."""

import os
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from redis import Redis
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job

from rq_tutorial.tasks import send_email

app = FastAPI()
redis = Redis.from_url(os.getenv("RQ_REDIS_URL", "redis://127.0.0.1:6379/0"))
queue = Queue(connection=redis)


class EmailRequest(BaseModel):
    recipient: str
    content: str


@app.post("/send-email")
def submit(request: EmailRequest) -> dict[str, str]:
    job = queue.enqueue(send_email, request.recipient, request.content)
    return {"job_id": job.id}


@app.get("/jobs/{job_id}")
def status(job_id: str) -> dict[str, Any]:
    try:
        job = Job.fetch(job_id, connection=redis)
    except NoSuchJobError:
        raise HTTPException(status_code=404, detail="no such job") from None
    return {"job_id": job.id, "status": job.get_status(refresh=False), "result": job.return_value()}
