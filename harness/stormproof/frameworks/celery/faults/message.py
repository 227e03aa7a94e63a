"""Put a message into the queue that no worker should run: from a wrong client, an old release, or an attacker."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal, cast, get_args

from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.system import System

_OF_A_KNOWN_TASK = ("forbidden_content_type", "null_body")
_PLACE = 6000
"""Nobody has submitted anything there: what runs with that key is a phantom."""


Kind = Literal["forbidden_content_type", "undecodable", "unknown_task", "cut_off", "null_body"]


class BadMessage(Fault, frozen=True, kw_only=True, tag="bad_message"):
    """`kind`: a forbidden content type (pickle, of a task that would run if it were unpickled), a body that is no JSON, a task that
    nobody knows, a message that is cut off in its middle, or one whose body is null.

    Bitten when it has left the queue. Nothing to heal: it stays wherever the worker puts it.
    """

    component: str = "redis"
    kind: Kind

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=f"redis.{system.broker}", kind=kind) for kind in get_args(Kind)]

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        client, place = target.broker.inbox()
        text = json.dumps(_message(self.kind, target.broker.queue, target.key(_PLACE)))
        if self.kind == "cut_off":
            text = text[: len(text) // 2]
        await cast("Any", client.lpush(place, text))

        async def evidence() -> str:
            waiting = await cast("Any", client.lrange(place, 0, -1))
            return "a worker took it from the queue" if text.encode() not in waiting else ""

        yield evidence


def _message(kind: str, queue: str, key: str) -> dict[str, Any]:
    """A message as kombu's Redis transport writes it (protocol 2)."""
    task_id = f"stormproof-{kind}"
    # The probe's own task, which every worker has; were it executed it would end at once.
    task = "stormproof.hold_early" if kind in _OF_A_KNOWN_TASK else "stormproof.nobody_knows_this"
    body = {"undecodable": b"[[], {", "null_body": b"null"}.get(kind, b"[[], {}, null]")
    if kind == "forbidden_content_type":
        body = pickle.dumps(([], {"key": key, "release_path": "/", "at_most_s": 0}, {}))
    return {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "binary" if kind == "forbidden_content_type" else "utf-8",
        "content-type": "application/x-python-serialize" if kind == "forbidden_content_type" else "application/json",
        "headers": {"lang": "py", "task": task, "id": task_id, "root_id": task_id},
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": task_id,
        },
    }
