"""What the commands of kombu's Redis transport, and of Celery's Redis result backend, do to messages and results.

Sources: `kombu/transport/redis.py` (5.7: `QoS.append`, `QoS.ack`, `QoS.restore_by_tag`, `Channel._put`, `Channel._brpop_start`) and
`celery/backends/redis.py` (`_set`, `get`, `mget`, `ResultConsumer`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from stormproof.brokers.redis.resp import HEAD_LIMIT
from stormproof.brokers.redis.shape import BLOCKING
from stormproof.history import Meaning

_ENVELOPE = b'{"body": '
_OF_A_TASK = b'"task": '
"""How a message of kombu's begins, and what is in the headers of tasks only: replies to remote control commands lack
it.
"""
_HEAD_BYTES = 512

_PUSHES = frozenset({"LPUSH", "RPUSH", "LPUSHX", "RPUSHX"})
_POPS = frozenset({"LPOP", "RPOP", "LMPOP"}) | BLOCKING
_SCRIPTS = frozenset({"EVAL", "EVALSHA", "FCALL"})
_STORES = frozenset({"SET", "SETEX", "PUBLISH", "DEL"})
_RESULT = "celery-task-meta-"
_EVENTS = "celeryev"


def is_task(raw: bytes) -> bool:
    """Whether a request or a reply, or the part of it that is there, holds the message of a task."""
    return _ENVELOPE in raw[:_HEAD_BYTES] and (_OF_A_TASK in raw or len(raw) >= HEAD_LIMIT)


class KombuReader:
    """Reads one connection. `unacked` returns the names of the hashes of unacknowledged messages that workers have
    reported, as they are written in frames.

    A message is returned by a transaction that begins with HGET of its tag: whatever is removed and added until EXEC
    belongs to that one move.
    """

    def __init__(self, unacked: Callable[[], Collection[str]]) -> None:
        self._unacked = unacked
        self._gives_back: set[str] = set()

    def request(self, command: str, key: str, raw: bytes, ids: tuple[str, ...]) -> Meaning:
        """What a request means."""
        meaning: Meaning = "other"
        if command in _PUSHES and is_task(raw):
            meaning = "publish" if self._gives_back.isdisjoint(ids) else "requeue"
        elif command in _POPS:
            meaning = "deliver"
        elif command in _SCRIPTS and ids:
            meaning = "unclear"
        elif self._is_unacked(key):
            meaning = self._of_unacked(command, ids)
        elif _RESULT in key:  # The first key of an MGET, too.
            meaning = "store_result" if command in _STORES else "read_result"
        elif command == "PUBLISH" and _EVENTS in key:
            meaning = "event"
        elif command == "EXEC":
            self._gives_back.clear()
        return meaning

    def reply(self, asked: Meaning, raw: bytes) -> Meaning:
        """The meaning of a reply. A pop may also have returned the answer to a control command."""
        return "other" if asked == "deliver" and not is_task(raw) else asked

    def _is_unacked(self, key: str) -> bool:
        return key.endswith(("unacked", "unacked_index")) or key.removesuffix("_index") in self._unacked()

    def _of_unacked(self, command: str, ids: tuple[str, ...]) -> Meaning:
        if command == "HSET":
            self._gives_back.difference_update(ids[:1])
            return "hold"
        if command == "HGET":
            self._gives_back.update(ids[:1])
        if command in ("HDEL", "ZREM") and self._gives_back.isdisjoint(ids):
            return "acknowledge"
        return "other"
