"""The reference systems, as the tests of this folder use them: how their workers are started, and how a task is submitted."""

from __future__ import annotations

import tomllib
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import Celery
from hardened.journal import Journal
from hardened.publisher import Publisher
from hardened.settings import Settings
from pytest_celery import CeleryWorkerContainer

ROOT = Path(__file__).parents[2] / "system_under_test"
JOURNAL = "/journal/journal.sqlite3"


@dataclass(frozen=True, slots=True)
class Tutorial:
    """As thousands write it: acknowledged before it runs."""

    app: str = "tutorial.worker"

    def environ(self) -> dict[str, str]:
        """Nothing besides the URLs."""
        return {}

    def submit(self, app: Celery, recipient: str, journals: Path) -> str:
        """As its API does; returns the task's id."""
        return str(app.send_task("send_email_task", args=[recipient, "Hello"]).id)


@dataclass(frozen=True, slots=True)
class Hardened:
    """With a journal, and acknowledged when it has run."""

    app: str = "hardened.worker"

    def environ(self) -> dict[str, str]:
        """Its storm settings: times of seconds."""
        described: dict[str, Any] = tomllib.loads((ROOT / "hardened.toml").read_text())["env"]
        settings = {name: value for name, value in described.items() if "{" not in value}
        # The mail server of these tests holds a sender for as long as a test looks at it.
        patient = {"SMTP_TIMEOUT_S": "6", "SOFT_LIMIT_S": "7", "HARD_LIMIT_S": "8", "LEASE_S": "9"}
        return {**settings, **patient, "JOURNAL_PATH": JOURNAL}

    def submit(self, app: Celery, recipient: str, journals: Path) -> str:
        """As its API does: journal first, then broker."""
        task_id, arguments = str(uuid.uuid4()), {"recipient": recipient, "content": "Hello"}
        Journal(journals / Path(JOURNAL).name).accept(task_id, arguments, grace_s=60)
        Publisher(Settings(celery_broker_url=app.conf.broker_url)).publish(task_id, arguments)
        return task_id


System = Tutorial | Hardened


class SystemWorker(CeleryWorkerContainer):
    """A worker of the reference systems."""

    @classmethod
    def worker_name(cls) -> str:
        return "worker"
