"""The specimen's API. Do not repair it: what is wrong here is what the storms are to find."""

from celery.result import AsyncResult
from fastapi import FastAPI
from pydantic import BaseModel

from tutorial.worker import celery_app

app = FastAPI()


class EmailRequest(BaseModel):
    recipient: str
    content: str


class TaskResponse(BaseModel):
    task_id: str


class TaskStatus(BaseModel):
    task_id: str
    status: str
    result: dict = None


@app.post("/send-email", response_model=TaskResponse)
async def send_email(request: EmailRequest):
    task = celery_app.send_task("send_email_task", args=[request.recipient, request.content])
    return {"task_id": task.id}


@app.get("/task-status/{task_id}", response_model=TaskStatus)
async def task_status(task_id: str):
    result = AsyncResult(task_id, app=celery_app)
    return {"task_id": task_id, "status": result.status, "result": result.result}
