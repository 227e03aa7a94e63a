"""The specimen's Celery app and task. Do not repair it: what is wrong here is what the storms are to find."""

import os
import smtplib
from email.message import EmailMessage

from celery import Celery, shared_task

celery_app = Celery(
    "fastapi_worker",
    broker=os.getenv("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0"),
    backend=os.getenv("CELERY_RESULT_BACKEND", "redis://127.0.0.1:6379/1"),
)

celery_app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    timezone="Asia/Shanghai",
    worker_send_task_events=True,
    task_send_sent_event=True,
    event_queue_ttl=60,
)


@shared_task(name="send_email_task")
def send_email_task(recipient: str, content: str) -> dict:
    message = EmailMessage()
    message["From"] = "noreply@example.com"
    message["To"] = recipient
    message["Subject"] = "A message for you"
    message.set_content(content)
    with smtplib.SMTP(os.getenv("SMTP_HOST", "127.0.0.1"), int(os.getenv("SMTP_PORT", "25"))) as server:
        server.send_message(message)
    return {"status": "sent", "recipient": recipient}
