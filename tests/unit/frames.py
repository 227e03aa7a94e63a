"""Frames as literal histories have them: what the commands of Celery on Redis mean."""

from __future__ import annotations

from typing import Any

from stormproof.history import Meaning, Wire

MEANINGS: dict[str, Meaning] = {
    "LPUSH": "publish",
    "RPUSH": "requeue",
    "BRPOP": "deliver",
    "HSET": "hold",
    "HDEL": "acknowledge",
    "EVALSHA": "unclear",
}


def frame(t: float, command: str, *, link: str = "worker", **more: Any) -> Wire:
    """A frame on a link, a request of the worker's to its broker unless it is said otherwise."""
    component, _, store = link.partition(".")
    usual = {"connection": 1, "direction": "request", "meaning": MEANINGS.get(command, "other")}
    ends = {"link": link, "component": component, "store": store or "broker"}
    return Wire(t=t, command=command, **{**usual, **ends, **more})
