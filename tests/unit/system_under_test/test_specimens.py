"""The specimens are what they are said to be: nobody has repaired them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "system_under_test"

ASK = """
import json
from celery.app.defaults import DEFAULTS
from {module} import celery_app
told = {{name: celery_app.conf[name] for name in DEFAULTS}} | {{"task": celery_app.tasks["send_email_task"].acks_late}}
print(json.dumps({{name: value for name, value in told.items() if value != DEFAULTS.get(name)}}, default=str))
"""


def differs_from_celery_s_defaults(module: str) -> dict[str, Any]:
    """In a process of its own: both are the same Celery app."""
    command = [sys.executable, "-c", ASK.format(module=module)]
    said = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True).stdout
    told: dict[str, Any] = json.loads(said)
    return told


def test_the_tutorial_has_celery_s_defaults_and_late_differs_in_late_acknowledgement_alone() -> None:
    tutorial = differs_from_celery_s_defaults("tutorial.worker")
    late = differs_from_celery_s_defaults("late.worker")
    assert tutorial.pop("task") is False and late.pop("task") is True
    assert set(tutorial) == {
        "accept_content",
        "broker_url",
        "event_queue_ttl",
        "result_backend",
        "task_send_sent_event",
        "timezone",
        "worker_send_task_events",
    }
    assert late == tutorial | {"task_acks_late": True}
