"""The application of a real worker whose tasks do what `nasty_tasks` has: one task for each serializer of results."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from celery.backends.redis import RedisBackend
from nasty_tasks import LAST, NASTY
from result_stores import AT_ONCE, SERIALIZERS

URL = os.environ["NASTY_REDIS"]

app = Celery("nasty", broker=URL, backend=URL)
app.conf.update(
    accept_content=list(SERIALIZERS),
    result_backend_transport_options={"retry_policy": AT_ONCE},
    worker_prefetch_multiplier=1,
    worker_concurrency=1,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    worker_cancel_long_running_tasks_on_connection_loss=True,
)


def _register(serializer: str) -> None:
    @app.task(bind=True, name=serializer)
    def act(task: Task, name: str) -> Any:
        return (NASTY | LAST)[name](task)

    act.backend = RedisBackend(app=app, url=URL, serializer=serializer)


for _serializer in SERIALIZERS:
    _register(_serializer)
