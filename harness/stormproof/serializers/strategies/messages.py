"""Celery's messages as kombu's Redis transport stores them in a queue."""

from __future__ import annotations

import base64
import json
import uuid
import warnings
from queue import Empty
from typing import Any

import celery
from celery import Celery
from celery.contrib.testing.app import setup_default_app
from celery.exceptions import CPendingDeprecationWarning
from hypothesis.strategies import SearchStrategy
from kombu.utils import json as kombu_json

from stormproof.serializers.strategies.canvases import canvases

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


def messages(canvas: SearchStrategy[Any] | None = None) -> SearchStrategy[tuple[Envelope, ...]]:
    """All messages that Celery itself writes when a canvas (any, where not given) is applied, in their order: with the callbacks, errbacks,
    the rest of a chain and the body of a chord in their embed. A canvas of nothing but empty groups writes none.
    """
    return (canvases() if canvas is None else canvas).map(_written)


def _written(canvas: Any) -> tuple[Envelope, ...]:
    app = Celery("messages", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.task_default_queue = uuid.uuid4().hex
    # Canvases look for the current app; this puts back which it was, and closes this one.
    with setup_default_app(app), app.connection_for_read() as connection, warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", CPendingDeprecationWarning
        )  # Of a setting of chords, which is the app's business.
        app.set_current()
        # A canvas that was made elsewhere belongs to another app: what comes out of its JSON belongs to this one.
        celery.signature(kombu_json.loads(kombu_json.dumps(canvas)), app=app).apply_async()  # type: ignore[no-untyped-call, unused-ignore]
        channel, found = connection.default_channel, []
        try:
            while True:
                found.append(channel._get(app.conf.task_default_queue))
        except Empty:
            return tuple(found)


def encoded(message: Any) -> bytes:
    """What stands in the queue for it. NaN and infinities are written as Python writes them, half characters as escapes."""
    return json.dumps(message).encode()
