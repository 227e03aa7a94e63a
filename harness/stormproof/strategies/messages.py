"""Celery's messages as kombu's Redis transport stores them in a queue."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

Envelope = dict[str, Any]
"""A message as JSON stands in the queue: `body` (base64), `headers`, `properties`, `content-type`, `content-encoding`."""


def envelope(
    task: str, kwargs: dict[str, Any], *, task_id: str = "", queue: str = "celery", **headers: Any
) -> Envelope:
    """A sound message of protocol 2, as `Celery.send_task` writes it; `headers` are added to its own."""
    task_id = task_id or str(uuid.uuid4())
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    return {
        "body": base64.b64encode(json.dumps([[], kwargs, embed]).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task,
            "id": task_id,
            "shadow": None,
            "eta": None,
            "expires": None,
            "group": None,
            "group_index": None,
            "retries": 0,
            "timelimit": [None, None],
            "root_id": task_id,
            "parent_id": None,
            "argsrepr": "()",
            "kwargsrepr": repr(kwargs),
            "origin": "gen1@here",
            "ignore_result": True,
            "replaced_task_nesting": 0,
            "stamped_headers": None,
            "stamps": {},
            **headers,
        },
        "properties": {
            "correlation_id": task_id,
            "reply_to": str(uuid.uuid4()),
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }


def encoded(message: Any) -> bytes:
    """What stands in the queue for it. NaN and infinities are written as Python writes them, half characters as escapes."""
    return json.dumps(message).encode()
