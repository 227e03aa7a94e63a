"""A link with nothing armed leaves any stream as it came, under any chunking; and it knows which reply is whose."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.spec.trigger import Moment, Trigger
from stormproof.wire.codec import Unread
from stormproof.wire.counter import Counter
from stormproof.wire.faults import Reset
from stormproof.wire.link import Conversation, Send
from stormproof.wire.rules import Rule, Rules
from streams import LINES, arrays, chunks, replies, requests


def armed_with_nothing_that_fits() -> Rule:
    dice = random.Random(1)
    return Rule("0", Reset(), Counter(Trigger(command="NOSUCH"), dice, lambda place: frozenset()), dice)


@given(st.data(), st.sampled_from(["quiet", "watched", "armed", "armed in between", "disarmed in between"]))
def test_any_stream_goes_on_as_it_came(data: st.DataObject, how: str) -> None:
    rules = Rules()
    if how == "watched":
        rules.observe(lambda moment, fate, injection: None)
    if how in ("armed", "disarmed in between"):
        rules.arm(armed_with_nothing_that_fits())
    conversation = Conversation("worker", "worker", "broker", 1, rules, RedisCodec(), Unread())
    asked, answered = b"".join(data.draw(requests)), b"".join(data.draw(replies))
    parts = [("component", part) for part in data.draw(chunks(asked))] + [
        ("server", part) for part in data.draw(chunks(answered))
    ]
    order = data.draw(st.permutations(range(len(parts))))
    turns = {side: iter([part for origin, part in parts if origin == side]) for side in ("component", "server")}
    out = {"component": b"", "server": b""}
    for number, index in enumerate(order):
        if how == "armed in between" and number == len(order) // 2:
            rules.arm(armed_with_nothing_that_fits())
        if how == "disarmed in between" and number == len(order) // 2:
            rules.disarm(rules.armed[0])
        origin = parts[index][0]
        for command in conversation.receive(origin, next(turns[origin])):  # type: ignore[arg-type]
            assert isinstance(command, Send)
            out[command.to] += command.data
    kept = {
        side: conversation._ways[side].parser.unfinished - conversation._ways[side].ahead
        for side in ("component", "server")
    }
    assert out["server"] == asked[: len(asked) - kept["component"]]
    assert out["component"] == answered[: len(answered) - kept["server"]]
    assert kept == {"component": 0, "server": 0}


@given(st.data())
def test_each_reply_carries_the_command_that_it_answers(data: st.DataObject) -> None:
    seen: list[Moment] = []
    rules = Rules()
    rules.observe(lambda moment, fate, injection: seen.append(moment))
    conversation = Conversation("worker", "worker", "broker", 1, rules, RedisCodec(), Unread())
    asked = data.draw(st.lists(arrays, min_size=1, max_size=6))
    said = data.draw(st.lists(LINES, min_size=len(asked), max_size=len(asked)))
    for part in data.draw(chunks(b"".join(asked))):
        conversation.receive("component", part)
    for part in data.draw(chunks(b"".join(said))):
        conversation.receive("server", part)
    commands = [moment.command for moment in seen if moment.direction == "request"]
    assert commands == [moment.command for moment in seen if moment.direction == "reply"]
    assert len(commands) == len(asked)
