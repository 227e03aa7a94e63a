"""Answer a request with one of Redis' own errors, without executing it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from stormproof.history import WireDirection
from stormproof.spec.fault import Fault
from stormproof.spec.system import System
from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Answer
from stormproof.wire.faults.base import WireFault

ErrorCode = Literal["LOADING", "READONLY", "OOM", "NOAUTH", "BUSY", "MASTERDOWN", "MAXCLIENTS"]

_TEXTS: dict[ErrorCode, str] = {
    "LOADING": "LOADING Redis is loading the dataset in memory",
    "READONLY": "READONLY You can't write against a read only replica.",
    "OOM": "OOM command not allowed when used memory > 'maxmemory'.",
    "NOAUTH": "NOAUTH Authentication required.",
    "BUSY": "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "MASTERDOWN": "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "MAXCLIENTS": "ERR max number of clients reached",
}
"""The wording of redis-server 7.0 (`createSharedObjects` in its server.c)."""

_GROWING = frozenset(
    "APPEND BITOP EVAL EVALSHA GETSET HINCRBY HMSET HSET HSETNX INCR INCRBY LINSERT LPUSH LPUSHX LSET MSET MSETNX PSETEX "
    "PUBLISH RPUSH RPUSHX SADD SET SETEX SETNX SETRANGE SORT XADD ZADD ZINCRBY EXEC".split()
) - {"PUBLISH"}
"""Commands that Redis refuses at its memory limit."""

_WRITING = _GROWING | frozenset(
    "BLPOP BRPOP BRPOPLPUSH DEL EXPIRE EXPIREAT GETDEL HDEL LPOP LREM LTRIM PERSIST PEXPIRE RENAME RPOP RPOPLPUSH SPOP SREM UNLINK "
    "XACK XDEL ZPOPMAX ZPOPMIN ZREM ZREMRANGEBYSCORE FLUSHALL FLUSHDB".split()
)
"""Commands that a replica refuses."""

_SERVED_WHILE_STALE = frozenset(
    "AUTH HELLO INFO SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE PUBLISH MULTI EXEC DISCARD CLIENT SELECT PING".split()
)
_SERVED_ALWAYS = frozenset("AUTH HELLO QUIT RESET".split())
_SERVED_WHILE_LOADING = _SERVED_WHILE_STALE - {"PING"}


def can_get(command: str, error: ErrorCode) -> bool:
    """Whether Redis could really answer this command with this error (according to the flags in its command table, as
    of 7.0).
    """
    if error == "MAXCLIENTS":
        return command in ("CLIENT", "SELECT", "HELLO", "PING")  # It strikes only at the first word of a connection.
    if command in _SERVED_ALWAYS:
        return False
    if error == "OOM":
        return command in _GROWING
    if error == "READONLY":
        return command in _WRITING
    if error in ("LOADING", "BUSY"):
        return command not in _SERVED_WHILE_LOADING or command == "EXEC"
    return error == "NOAUTH" or command not in _SERVED_WHILE_STALE


class ErrorReply(WireFault, frozen=True, kw_only=True, tag="error_reply"):
    """The request is not executed. Within a transaction, Redis then discards the transaction, as it would after a real
    error. After `MAXCLIENTS` the connection ends.
    """

    error: ErrorCode

    @classmethod
    def swept(cls) -> Mapping[str, Fault]:
        return {error.lower(): cls(error=error) for error in get_args(ErrorCode) if error != "MAXCLIENTS"}

    def can_be_at(self, direction: WireDirection, command: str) -> bool:
        return direction == "request" and can_get(command, self.error)

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [
            cls(component=name, error=error)
            for name in system.in_storms("worker", "api")
            for error in get_args(ErrorCode)
        ]

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Answer(b"-" + _TEXTS[self.error].encode() + b"\r\n", close=self.error == "MAXCLIENTS")]

    def carry_on(self, data: bytes) -> list[Action]:
        return []
