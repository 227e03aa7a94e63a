"""What RQ's commands on the wire mean in the life of a job. Measured with RQ 3.0; `docs/rq.md` has the whole life, in order."""

from __future__ import annotations

import re
from typing import Literal

from stormproof.history import WireDirection

Meaning = Literal[
    "publish", "deliver", "hold", "acknowledge", "requeue", "store result", "read result", "event", "cancel", "other"
]
"""`publish`: a job comes into a queue. `deliver`: a worker is given one. `hold`: it is noted who works on it. `acknowledge`: that note is taken
back. `requeue`: it goes into the queue again. `store result`: what came of it is kept. `read result`: a client asks for that. `event`: a worker
says that it lives, and what it does. `cancel`: a worker is told to stop a job.
"""

ASKS = frozenset({"BLMOVE", "BLPOP", "LMOVE", "LPOP"})
"""What a worker asks for jobs with: the first of one queue, the second of several or of a Redis before 6.2; the others in burst mode."""

_PREFIX = r"[\w.:{}-]*?"
_TABLE: tuple[tuple[str, str, Meaning, Meaning], ...] = (
    # commands, shape of the key after RQ's prefix, what the API means, what a worker means
    ("RPUSH LPUSH", r"queue:(?!.*:intermediate$).+", "publish", "requeue"),
    ("ZADD", r"scheduled:.+", "publish", "requeue"),
    ("ZADD", r"deferred:.+", "publish", "other"),
    ("ZADD", r"wip:.+", "hold", "hold"),
    ("HSET", r"execution:.+", "hold", "hold"),
    ("LREM", r"queue:.+:intermediate", "hold", "hold"),
    ("ZREM", r"wip:.+", "acknowledge", "acknowledge"),
    ("DEL", r"execution:.+", "acknowledge", "acknowledge"),
    ("XADD", r"results:.+", "store result", "store result"),
    ("ZADD", r"(finished|failed|canceled):.+", "store result", "store result"),
    ("HSET", r"job:.+", "publish", "store result"),
    ("HGETALL", r"job:.+", "read result", "deliver"),
    ("HGET", r"job:.+", "read result", "other"),
    ("XREVRANGE XREAD", r"results:.+", "read result", "read result"),
    ("HSET", r"worker:.+", "event", "event"),
    ("PUBLISH", r"pubsub:.+", "cancel", "cancel"),
)
"""The first row that fits says it. A job's hash is the message itself when the API writes it, and its state and times when a worker does."""

_rows = [
    (frozenset(commands.split()), re.compile(_PREFIX + ":" + key).fullmatch, api, worker)
    for commands, key, api, worker in _TABLE
]


def meaning(command: str, key: str, direction: WireDirection, *, by_worker: bool = False) -> Meaning:
    """What a frame means. `key`: the shape of its first key. `by_worker`: a worker sent it, or is sent it. A reply means what its request does,
    and only the reply brings a job. An EXEC means nothing by itself, and yet all between MULTI and EXEC is done by it, at once.
    """
    if direction == "push":
        return "cancel" if ":pubsub:" in key else "other"
    if command in ASKS:
        return "deliver" if direction == "reply" else "other"
    for commands, fits, api, worker in _rows:
        if command in commands and fits(key):
            return worker if by_worker else api
    return "other"
