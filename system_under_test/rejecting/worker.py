"""The tutorial's worker; each task but the warm-up's is rejected."""

from celery.exceptions import Reject
from tutorial.worker import celery_app


@celery_app.task(name="send_email_task", acks_late=True)
def refuse(recipient: str, content: str) -> dict:
    if "8000" not in recipient:
        raise Reject("not wanted", requeue=False)
    return {"status": "sent", "recipient": recipient}
