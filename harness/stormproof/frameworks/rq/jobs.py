"""Jobs as RQ writes them into Redis: the harness's own, and bad ones that no worker should execute."""

from __future__ import annotations

import json
import pickle
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

BAD = ("undecodable", "cut_off", "null_body", "unknown_task", "no_job", "unknown_state")
"""Data that is not a pickle, is cut off in its middle, or is None; a function that does not exist; an id without a job;
a state that RQ does not know.
"""


def job_fields(
    job: str, key: str, arguments: Mapping[str, Any], queue: str, serializer: str, *, timeout_s: int
) -> dict[str, Any]:
    """The hash of a job that is called with keyword arguments and leaves nothing behind when it has ended. Its
    description shows `key`, like a description that RQ generates from the arguments.
    """
    call = (job, None, (), dict(arguments))
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    data = json.dumps(call).encode() if is_json(serializer) else pickle.dumps(call)
    return {
        "created_at": now,
        "enqueued_at": now,
        "data": zlib.compress(data),
        "description": f"{job}(key={key!r})",
        "origin": queue,
        "timeout": timeout_s,
        "result_ttl": 0,
        "status": "queued",
        "worker_name": "",
    }


def bad_fields(kind: str, key: str, queue: str, serializer: str) -> dict[str, Any]:
    """The hash of a bad job; empty for an id without one. Each but `unknown_task` would run the probe's own function if
    it were read.
    """
    job = "stormproof_probe.nobody_knows_this" if kind == "unknown_task" else "stormproof_probe.hold"
    arguments = {"key": key, "release_path": "/", "at_most_s": 0.0}
    fields = job_fields(job, key, arguments, queue, serializer, timeout_s=60)
    data = fields["data"]
    changed = {
        "undecodable": {"data": b"\x00no pickle"},
        "cut_off": {"data": data[: len(data) // 2]},
        "null_body": {"data": zlib.compress(b"null" if is_json(serializer) else pickle.dumps(None))},
        "unknown_state": {"status": "nonsense"},
    }
    return {} if kind == "no_job" else {**fields, **changed.get(kind, {})}


def is_json(serializer: str) -> bool:
    """Whether jobs are JSON, by the name of the serializer's class; otherwise they are pickled."""
    return "json" in serializer.lower()
