"""What RQ's commands do to jobs and results. Measured with RQ 3.0: `docs/rq.md` has a job's whole life, in order.

RQ sends no news of jobs, so none is an `event`.
"""

from __future__ import annotations

import re

from stormproof.brokers.redis.resp import words
from stormproof.history import Meaning

ASKS = frozenset({"BLMOVE", "BLPOP", "LMOVE", "LPOP"})
"""The commands with which a worker asks for jobs: the first if it reads one queue, the second if it reads several; the
others in burst mode.
"""

_SCRIPTS = frozenset({"EVAL", "EVALSHA"})
_MOST_WORDS = 120
"""More than a job's hash has: 2 + 2 * 40."""

_queue = re.compile(r".+?:queue:(?!.*:intermediate$).+").fullmatch
_job = re.compile(r".+?:job:[^:]+").fullmatch
_ROWS: tuple[tuple[str, str, Meaning], ...] = (
    # Commands, key after RQ's prefix, meaning
    ("ZADD", r"wip:.+", "hold"),
    ("HSET", r"execution:.+", "hold"),
    ("LREM", r"queue:.+:intermediate", "hold"),
    ("ZREM ZREMRANGEBYSCORE", r"wip:.+", "acknowledge"),
    ("DEL", r"execution:.+", "acknowledge"),
    ("XADD", r"results:.+", "store_result"),
    ("ZADD", r"(finished|failed|canceled):.+", "store_result"),
    ("XREVRANGE XREAD", r"results:.+", "read_result"),
    ("HGET", r"job:.+", "read_result"),
)
_rows = [(frozenset(commands.split()), re.compile(".+?:" + key).fullmatch, said) for commands, key, said in _ROWS]
_BY_STATE: dict[bytes, Meaning] = {
    b"queued": "publish",
    b"scheduled": "publish",
    b"deferred": "publish",
    b"rate_limited": "publish",
    b"started": "hold",
    **dict.fromkeys((b"finished", b"failed", b"stopped", b"canceled"), "store_result"),
}


def meaning(command: str, key: str) -> Meaning:
    """The meaning of a request, by its command and the shape of its first key alone; its reply means the same. For a
    job's hash, and for an id that is put into a queue, more must be known: see `RqReader`.
    """
    if command in ASKS and _queue(key):
        return "deliver"
    if command in ("RPUSH", "LPUSH") and _queue(key):
        return "publish"
    return next((said for commands, fits, said in _rows if command in commands and fits(key)), "other")


class RqReader:
    """Reads one connection. A job that this connection has received, begun or ended is not published by it, but queued
    again; and its hash is what was delivered.
    """

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._known: set[str] = set()

    def request(self, command: str, key: str, raw: bytes, ids: tuple[str, ...]) -> Meaning:
        """The meaning of a request. `key`: the shape of its first key; `ids`: those in it."""
        if command in _SCRIPTS:
            return "unclear" if ids else "other"
        if _job(key) and command in ("HSET", "HGETALL"):
            return self._of_hash(command, raw)
        found = meaning(command, key)
        if found == "publish" or (command == "ZADD" and ":scheduled:" in key):
            return "requeue" if _job_in(key, raw) in self._known else "publish"
        if found in ("hold", "acknowledge"):
            self._known.add(_job_in(key, raw))
        return found

    def reply(self, asked: Meaning, raw: bytes) -> Meaning:
        """The meaning of a reply: that of its request. A reply that brings a job is remembered; one that brings none
        delivers nothing.
        """
        if asked == "deliver" and raw:
            found = words(raw) if raw[:1] in (b"$", b"*") and raw[1:2] != b"-" else []
            if not found:
                return "other"
            self._given.add(found[-1].decode("utf-8", "replace"))
        return asked

    def _of_hash(self, command: str, raw: bytes) -> Meaning:
        told = words(raw, _MOST_WORDS)
        job_id = told[1].decode("utf-8", "replace").rpartition(":")[2] if len(told) > 1 else ""
        if command == "HGETALL":
            if job_id not in self._given:
                return "read_result"
            self._known.add(job_id)
            return "deliver"
        fields = dict(zip(told[2::2], told[3::2], strict=False))
        found = _BY_STATE.get(fields.get(b"status", b""), "other")
        return "requeue" if found == "publish" and job_id in self._known else found


def _job_in(key: str, raw: bytes) -> str:
    """The id of the job in a request of one of the rows, or in one that puts it into a queue: RQ sends one at a time, as the last word."""
    last = words(raw, _MOST_WORDS)[-1].decode("utf-8", "replace")
    if ":execution:" in key:
        return words(raw, 2)[-1].decode("utf-8", "replace").split(":")[-2]
    return last.partition(":")[0]
