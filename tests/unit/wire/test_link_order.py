"""What waits on a connection, in which order it goes on, and what becomes of a large frame's further parts."""

from __future__ import annotations

import random
from typing import Any

import pytest
from plays import GET, OK, ONE, SET, Play, to_component, to_redis
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.brokers.redis.faults import ErrorReply
from stormproof.brokers.redis.resp import HEAD_LIMIT, request
from stormproof.spec.trigger import Moment, Trigger, receives, sends
from stormproof.wire.actions import Action, Close, Pass
from stormproof.wire.codec import Unread
from stormproof.wire.faults import Bandwidth, Delay, Duplicate, HalfClose, Reset, Truncate, WireFault
from stormproof.wire.link import Command, Consult, Conversation, End, Send, Sleep
from stormproof.wire.rules import Rules

LARGE_SET, LARGE_REPLY = request("SET", "a", b"x" * HEAD_LIMIT), b"$%d\r\n%s\r\n" % (HEAD_LIMIT, b"x" * HEAD_LIMIT)


def held(trigger: Trigger | None = None) -> Play:
    return Play(None, trigger or sends("worker", "SET"), asked=lambda moment, decide: None)


def by_part(play: Play, data: bytes, origin: Any) -> list[list[Command]]:
    """A large frame comes in three parts."""
    return [play.conversation.receive(origin, part) for part in (data[:-2], data[-2:-1], data[-1:])]


# What waits


@pytest.mark.parametrize("origin", ["component", "server"])
def test_bytes_that_wait_are_counted_until_they_go_on(origin: Any) -> None:
    first, other = (SET, GET) if origin == "component" else (OK, ONE)
    play = Play(Delay(delay_ms=None), (sends if origin == "component" else receives)("worker", "SET"))
    if origin == "server":
        play.asks(SET + GET + GET)
    conversation, target = play.conversation, "server" if origin == "component" else "component"
    counted = []
    for part in (first + other, other, other[:3]):
        assert conversation.receive(origin, part) == []
        counted.append(conversation.backlog(origin))
    assert conversation.ended(origin, "fin") == []
    counted.append(conversation.backlog(origin))
    assert counted == [len(other), 2 * len(other), 2 * len(other), 2 * len(other) + 3]
    *sent, last = conversation.healed(play.rule)
    assert [(c.to, c.data) for c in sent if isinstance(c, Send)] == [
        (target, part) for part in (first, other, other, other[:3])
    ]
    assert last == End(target, "fin", whole=origin == "server")
    assert conversation.backlog(origin) == 0


def test_after_a_reset_nothing_waits_and_nothing_more_is_heard() -> None:
    play = Play(Delay(delay_ms=None), sends("worker", "SET"))
    play.asks(SET + GET)
    assert play.conversation.ended("component", "reset") == [End("server", "reset")]
    assert play.conversation.backlog("component") == 0
    assert play.conversation.healed(play.rule) == []
    assert play.asks(GET) == play.conversation.ended("component", "fin") == []


def test_the_end_of_a_connection_that_is_over_is_no_news() -> None:
    play = Play(Reset(), sends("worker", "SET"))
    play.asks(SET)
    assert play.conversation.finished is True
    for origin in ("component", "server"):
        assert play.conversation.ended(origin, "fin") == play.conversation.wake(origin) == []  # type: ignore[arg-type]


def test_what_waits_when_the_connection_is_cut_goes_nowhere() -> None:
    play = Play(Delay(delay_ms=None), sends("worker", "SET"))
    play.asks(SET + GET)
    assert play.conversation.struck(Play(Reset()).rule) == [End("component", "reset"), End("server", "reset")]
    assert play.conversation.wake("component") == play.conversation.healed(play.rule) == []


def test_the_harness_is_asked_about_the_frame_by_its_rule_and_way() -> None:
    play = held(receives("worker", "SET"))
    play.asks(SET + GET)
    (consult,) = play.answers(OK + ONE)
    assert isinstance(consult, Consult)
    assert (consult.origin, consult.rule, str(consult.moment)) == ("server", play.rule, "worker:SET(a):reply")
    assert play.answers(ONE) == []
    assert play.conversation.decided("component", True) == []  # Nothing waits there.
    assert play.conversation.decided("server", True) == [*to_component(OK), *to_component(ONE), *to_component(ONE)]


def test_a_narrow_way_has_its_own_clock_that_starts_with_the_first_bytes() -> None:
    play = Play(Bandwidth(bytes_per_s=10), receives("worker", "SET"))
    play.asks(SET)
    assert play.answers(OK, now=0.0) == [Sleep("server", pytest.approx(0.1))]
    for number in range(4):
        assert play.conversation.wake("server") == [
            *to_component(OK[number : number + 1]),
            Sleep("server", pytest.approx((number + 2) / 10)),
        ]
    assert play.conversation.wake("server") == to_component(OK[4:])


# What is done to a connection


class _BothHalves(WireFault, frozen=True, kw_only=True, tag="both_halves"):
    """Both sides are told that nothing more will come."""

    def meet(self, moment: Moment | None, dice: random.Random) -> list[Action]:
        return [Close("fin", "component"), Pass(), Close("reset", "server")]


def test_all_that_is_to_be_done_to_a_connection_is_done() -> None:
    play = Play(_BothHalves(), Trigger(command="NOSUCH"))
    assert play.conversation.struck(play.rule) == [End("component", "fin"), End("server", "reset")]
    assert play.conversation.finished
    assert (play.rule.hits, play.rule.last) == (1, "worker: connection 1")


def test_a_side_that_was_closed_is_heard_no_more_and_what_waited_for_it_is_gone() -> None:
    play = Play(Delay(delay_ms=None), receives("worker", "SET"))
    play.asks(SET)
    assert play.answers(OK) == []
    assert play.conversation.struck(Play(HalfClose()).rule) == [End("component", "fin")]
    assert play.conversation.backlog("server") == 0
    assert play.conversation.healed(play.rule) == play.answers(OK) == []
    assert play.asks(GET) == to_redis(GET)


def test_a_reply_of_which_nothing_arrives_is_not_written() -> None:
    play = Play(Truncate(keep_bytes=0), receives("worker", "SET"))
    play.asks(SET)
    assert play.answers(OK) == [End("component", "fin"), End("server", "fin")]


# Large frames


def test_a_large_reply_after_a_replaced_one_arrives_whole() -> None:
    play = Play(ErrorReply(error="NOAUTH"), sends("worker", "SET"))
    play.asks(SET + GET)
    assert play.answers(b"-ERR unknown\r\n") == to_component(b"-NOAUTH Authentication required.\r\n")
    assert by_part(play, LARGE_REPLY, "server") == [
        to_component(LARGE_REPLY[:-2]),
        to_component(LARGE_REPLY[-2:-1]),
        to_component(LARGE_REPLY[-1:]),
    ]


def test_a_large_reply_that_is_replaced_leaves_nothing_behind() -> None:
    play = Play(Duplicate(), sends("worker", "GET"))
    play.asks(GET + GET)
    play.answers(ONE)
    assert by_part(play, LARGE_REPLY, "server") == [[], [], []]
    assert by_part(play, LARGE_REPLY, "server")[0] == to_component(LARGE_REPLY[:-2])


def test_a_large_request_that_the_harness_holds_goes_on_in_its_parts() -> None:
    play = held()
    assert isinstance(play.asks(LARGE_SET[:-2])[0], Consult)
    assert play.asks(LARGE_SET[-2:]) == []
    assert play.conversation.decided("component", True) == [*to_redis(LARGE_SET[:-2]), *to_redis(LARGE_SET[-2:])]
    assert play.answers(OK + OK) == [*to_component(OK), *to_component(OK)]
    assert [command for way, command, _ in play.seen if way == "reply"] == ["SET"]


def test_after_a_large_request_that_was_met_the_next_one_passes_as_it_is() -> None:
    play = Play(ErrorReply(error="OOM"), sends("worker", "SET"))
    assert by_part(play, LARGE_SET, "component") == [to_redis(request("STORMPROOF.STUB")), [], []]
    assert by_part(play, LARGE_SET, "component") == [
        to_redis(LARGE_SET[:-2]),
        to_redis(LARGE_SET[-2:-1]),
        to_redis(LARGE_SET[-1:]),
    ]


def test_a_large_frame_that_nobody_finished_is_met_to_its_end_and_not_anew() -> None:
    large = request("SET", "a", b"x" * 2 * HEAD_LIMIT, "y")
    cut = len(large) - 5  # Within the line that says how long the last word is.
    play = Play(Bandwidth(bytes_per_s=10**9), sends("worker", "SET"))
    out, commands = b"", [*play.asks(large[:cut]), *play.conversation.ended("component", "fin")]
    while commands:
        out += b"".join(c.data for c in commands if isinstance(c, Send))
        assert all(c.until < 0.5 for c in commands if isinstance(c, Sleep))
        commands = play.conversation.wake("component") if isinstance(commands[-1], Sleep) else []
    assert out == large[:cut]
    assert play.conversation.ended("component", "fin") == []


def test_a_frame_that_nobody_finished_is_not_met() -> None:
    play = Play(Reset(), sends("worker", "SET"))
    assert play.asks(SET[:-2]) == []
    assert play.conversation.ended("component", "fin") == [*to_redis(SET[:-2]), End("server", "fin")]
    assert play.seen == []


@pytest.mark.parametrize("kept", [1, 2])
def test_what_had_gone_on_before_somebody_watched_is_not_sent_again(kept: int) -> None:
    begin = b"*3\r\n$3\r\nSET\r\n$%d\r\n"
    size = HEAD_LIMIT - len(begin % HEAD_LIMIT) - 2 - kept
    begun = begin % size + b"x" * size + b"\r\n"
    rules = Rules()
    conversation = Conversation("worker", "worker", "broker", 1, rules, RedisCodec(), Unread())
    last = b"$1\r\na\r\n"
    assert conversation.receive("component", begun + last[:kept]) == to_redis(begun + last[:kept])
    rules.arm(Play(Reset(), sends("worker", "SET")).rule)
    assert conversation.receive("component", last[kept : kept + 1]) == []  # Now the head is known to be large.
    assert conversation.receive("component", last[kept + 1 :]) == to_redis(last[kept:])
    assert conversation.receive("component", SET)[0] == End("component", "reset")
