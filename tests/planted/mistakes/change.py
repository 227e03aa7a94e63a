"""What several mistakes need: other settings of the worker's, and an e-mail that is sent without the fence."""

from __future__ import annotations

from typing import Any

from hardened import celery_config, mailer
from hardened.settings import Settings


def worker_config(**other: Any) -> None:
    """The worker is configured with these instead; mappings are merged."""
    before = celery_config.worker_config

    def changed(settings: Settings) -> dict[str, Any]:
        config = before(settings)
        for name, value in other.items():
            config[name] = {**config.get(name, {}), **value} if isinstance(value, dict) else value
        return config

    celery_config.worker_config = changed


def send(task: Any, recipient: str, content: str) -> dict[str, str]:
    """What the task does, without its last look at the claim."""
    settings = task.settings
    message = mailer.compose(settings.mail_sender, recipient, content, f"<{task.claim.task_id}@{settings.mail_domain}>")
    mailer.send(message, settings.smtp_host, settings.smtp_port, settings.smtp_timeout_s, fence=lambda: None)
    return {"status": "sent", "recipient": recipient}
