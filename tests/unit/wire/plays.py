"""A link without sockets: what is armed, what comes in, what must go out."""

from __future__ import annotations

import random
from typing import Any

from stormproof.brokers.redis.codec import RedisCodec
from stormproof.brokers.redis.resp import request
from stormproof.spec.trigger import Moment, Trigger
from stormproof.wire.codec import Unread
from stormproof.wire.counter import Counter
from stormproof.wire.faults import WireFault
from stormproof.wire.link import Command, Conversation, Send
from stormproof.wire.rules import Rule, Rules

SET, GET, MULTI, EXEC = request("SET", "a", "1"), request("GET", "a"), request("MULTI"), request("EXEC")
OK, ONE, QUEUED = b"+OK\r\n", b"$1\r\n1\r\n", b"+QUEUED\r\n"


class Play:
    """One connection, a rule on it, and the frames that somebody watched."""

    def __init__(self, fault: WireFault | None, trigger: Trigger | None = None, asked: Any = None) -> None:
        dice = random.Random(1)
        self.rules = Rules()
        self.seen: list[tuple[str, str, str]] = []
        self.rules.observe(self._watch)
        self.conversation = Conversation("worker", "worker", "broker", 1, self.rules, RedisCodec(), Unread())
        when = trigger or (fault.everywhere if fault and not fault.at_once else None)
        counter = Counter(when, dice, lambda place: frozenset({f"storm-00ab-{place:04d}"})) if when else None
        self.rule = Rule("0", fault, counter, dice, **({"asked": asked} if asked else {}))
        self.rules.arm(self.rule)

    def _watch(self, moment: Moment, fate: str, injection: str) -> None:
        self.seen.append((moment.direction, moment.command, fate))

    def asks(self, data: bytes, now: float = 0.0) -> list[Command]:
        """The component sends."""
        return self.conversation.receive("component", data, now)

    def answers(self, data: bytes, now: float = 0.0) -> list[Command]:
        """Redis sends."""
        return self.conversation.receive("server", data, now)


def to_redis(data: bytes) -> list[Command]:
    return [Send("server", data)]


def to_component(data: bytes) -> list[Command]:
    return [Send("component", data)]
