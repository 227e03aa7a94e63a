import os

from app import worker  # noqa: F401 - Celery's settings are read before its signals are.
from celery.signals import task_received

received = []


@task_received.connect(weak=False)
def leave(request, **_):
    received.append(request)
    if len(received) == 3:
        os._exit(1)
