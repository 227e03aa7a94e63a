"""The rejecting system's API: the tutorial's, with a status route that can be read before a task ends and when it failed."""

from celery.result import AsyncResult
from fastapi import FastAPI
from tutorial.api import send_email
from tutorial.worker import celery_app

app = FastAPI()
app.post("/send-email")(send_email)


@app.get("/task-status/{task_id}")
def task_status(task_id: str) -> dict:
    result = AsyncResult(task_id, app=celery_app)
    return {"task_id": task_id, "status": result.status, "result": result.result if result.successful() else None}
