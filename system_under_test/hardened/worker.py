"""The worker: `celery -A hardened.worker worker`. Run it under a supervisor that starts it again when it exits."""

from __future__ import annotations

from celery import Celery

from hardened.celery_config import worker_config
from hardened.journal import Journal
from hardened.settings import Settings
from hardened.tasks import SendEmail
from hardened.watchdog import Watchdog

settings = Settings()
app = Celery("hardened", broker=settings.celery_broker_url, backend=settings.celery_result_backend)
app.conf.update(worker_config(settings))
app.register_task(SendEmail(settings, Journal(settings.journal_path)))
app.steps["worker"].add(Watchdog)
