"""What a link tells of each frame, and the requests and replies that it knows although nobody watched."""

from __future__ import annotations

from typing import Any

import pytest
from plays import GET, OK, ONE, SET, Play, to_component, to_redis
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.brokers.redis.faults import ErrorReply
from stormproof.brokers.redis.resp import HEAD_LIMIT, request
from stormproof.spec.trigger import Moment, Trigger, receives, sends
from stormproof.wire.codec import Unread
from stormproof.wire.faults import BlackHole, Delay, Duplicate, Reset, WireFault
from stormproof.wire.link import Conversation, End, Send, Sleep
from stormproof.wire.rules import Rules

KEY, OTHER = "storm-00ab-0001", "storm-00ab-0002"
POP = request("BRPOP", f"q:{KEY}", "1")
LARGE = b"$%d\r\n%s\r\n" % (HEAD_LIMIT, b"x" * HEAD_LIMIT)


def moment(direction: Any, command: str, key: str, raw: bytes, **more: Any) -> Moment:
    return Moment(
        link="worker.results",
        component="worker",
        store="results",
        connection=7,
        direction=direction,
        command=command,
        key=key,
        raw=raw,
        **more,
    )


def watched(rules: Rules) -> tuple[Conversation, list[tuple[Moment, str, str]]]:
    told: list[tuple[Moment, str, str]] = []
    rules.observe(lambda moment, fate, injection: told.append((moment, fate, injection)))
    return Conversation("worker.results", "worker", "results", 7, rules, RedisCodec(), Unread()), told


def test_all_that_is_known_of_a_request_and_its_reply_is_told() -> None:
    conversation, told = watched(Rules())
    found = b"*2\r\n$3\r\nq:a\r\n$31\r\n%s %s\r\n" % (OTHER.encode(), KEY.encode())
    assert conversation.receive("component", POP + POP + GET) == [*to_redis(POP), *to_redis(POP), *to_redis(GET)]
    assert conversation.receive("server", b"*-1\r\n" + found + b"$-1\r\n") == [
        *to_component(b"*-1\r\n"),
        *to_component(found),
        *to_component(b"$-1\r\n"),
    ]
    assert told == [
        (moment("request", "BRPOP", "q:*", POP, ids=(KEY,), waits=True), "passed", ""),
        (moment("request", "BRPOP", "q:*", POP, ids=(KEY,), waits=True), "passed", ""),
        (moment("request", "GET", "a", GET), "passed", ""),
        (moment("reply", "BRPOP", "q:*", b"*-1\r\n", nil=True, ids=(KEY,)), "passed", ""),
        (moment("reply", "BRPOP", "q:*", found, ids=(KEY, OTHER)), "passed", ""),
        (moment("reply", "GET", "a", b"$-1\r\n"), "passed", ""),
    ]


@pytest.mark.parametrize("nothing", [b"*-1\r\n", b"$-1\r\n", b"_\r\n"])
def test_a_wait_in_vain_ends_with_nothing_in_either_protocol(nothing: bytes) -> None:
    conversation, told = watched(Rules())
    conversation.receive("component", POP + GET)
    conversation.receive("server", nothing + nothing)
    assert [(seen.command, seen.nil) for seen, _, _ in told[2:]] == [("BRPOP", True), ("GET", False)]


def test_what_nobody_asked_for_is_a_message() -> None:
    conversation, told = watched(Rules())
    pushed = b">2\r\n+message\r\n+%s\r\n" % KEY.encode()
    assert conversation.receive("server", pushed) == to_component(pushed)
    assert told == [(moment("push", "MESSAGE", "", pushed, ids=(KEY,)), "passed", "")]


def test_of_a_large_frame_the_head_is_told() -> None:
    conversation, told = watched(Rules())
    large = request("SET", "a", b"x" * HEAD_LIMIT)
    assert conversation.receive("component", large[:-2]) == to_redis(large[:-2])
    assert conversation.receive("component", large[-2:]) == to_redis(large[-2:])
    assert told == [(moment("request", "SET", "a", large[:-2], whole=False), "passed", "")]


def test_a_request_of_one_line_is_told_and_an_empty_one_is_not() -> None:
    conversation, told = watched(Rules())
    assert conversation.receive("component", b"\r\nget a\r\n") == [*to_redis(b"\r\n"), *to_redis(b"get a\r\n")]
    assert told == [(moment("request", "GET", "a", b"get a\r\n"), "passed", "")]


def test_what_was_done_to_a_frame_is_told_with_the_injection_that_did_it() -> None:
    rules = Rules()
    conversation, told = watched(rules)
    rules.arm(Play(Reset(), sends("worker", "SET")).rule)
    conversation.receive("component", GET + SET)
    assert [(fate, injection) for _, fate, injection in told] == [("passed", ""), ("reset", "0")]


def test_a_frame_that_the_harness_holds_is_told_once() -> None:
    play = Play(None, sends("worker", "SET", times=0), asked=lambda moment, decide: None)
    play.asks(SET)
    assert play.conversation.decided("component", True) == to_redis(SET)
    assert play.seen == [("request", "SET", "held")]
    assert play.conversation.backlog("component") == 0


def test_a_reply_belongs_to_the_place_of_its_request() -> None:
    play = Play(Reset(), receives("worker", place=1))
    play.asks(GET + POP)
    assert play.answers(ONE) == to_component(ONE)
    assert play.answers(ONE) != to_component(ONE)
    assert play.seen[2:] == [("reply", "GET", "passed"), ("reply", "BRPOP", "reset")]


# What passed while nobody watched


@pytest.mark.parametrize(
    ("parts", "replies", "names"),
    [
        ([GET, SET], [ONE, OK], ["GET", "SET"]),
        ([b"get a\r\n", SET], [ONE, OK], ["GET", "SET"]),
        ([request("SET", "a", b"x" * HEAD_LIMIT)[:-2], b"\r\n" + GET], [OK, ONE], ["SET", "GET"]),
        ([b"\r\n", GET, request("PING")], [ONE, OK], ["GET", "PING"]),
    ],
)
def test_what_was_asked_unwatched_is_known_later(parts: list[bytes], replies: list[bytes], names: list[str]) -> None:
    rules = Rules()
    conversation = Conversation("worker", "worker", "broker", 7, rules, RedisCodec(), Unread())
    for part in parts:
        assert conversation.receive("component", part) == to_redis(part)
    seen: list[str] = []
    rules.observe(lambda moment, fate, injection: seen.append(f"{moment.direction} {moment.command}"))
    for reply in replies:
        assert conversation.receive("server", reply) == to_component(reply)
    conversation.receive("server", OK)
    assert seen == [*(f"reply {name}" for name in names), "push MESSAGE"]


def test_what_was_answered_unwatched_is_not_waited_for() -> None:
    rules = Rules()
    conversation = Conversation("worker", "worker", "broker", 1, rules, RedisCodec(), Unread())
    conversation.receive("component", SET + GET + GET + request("PING"))
    for reply in (OK, ONE, LARGE[:-1], LARGE[-1:]):
        assert conversation.receive("server", reply) == to_component(reply)
    seen: list[str] = []
    rules.observe(lambda moment, fate, injection: seen.append(moment.command))
    conversation.receive("server", OK)
    assert seen == ["PING"]


@pytest.mark.parametrize("origin", ["component", "server"])
def test_a_stream_that_is_no_resp_is_passed_on_though_nobody_is_to_be_told(origin: Any) -> None:
    conversation = Conversation("worker", "worker", "broker", 1, Rules(), RedisCodec(), Unread())
    assert conversation.over is False
    for raw in (b"*x\r\n", b"*1\r\n"):
        (sent,) = conversation.receive(origin, raw)
        assert isinstance(sent, Send)
        assert (sent.to != origin, sent.data) == (True, raw)


def test_a_line_that_is_no_resp_is_told_of_once_also_where_it_comes_alone() -> None:
    rules, told = Rules(), list[str]()
    rules.notice = told.append
    conversation = Conversation("worker", "worker", "broker", 7, rules, RedisCodec(), Unread())
    for _ in range(2):
        assert conversation.passes("component", request("MONITOR"))
    assert told == ["worker: connection 7 is forwarded unread: MONITOR leaves no order of replies"]


# What was begun by a fault goes on when it is disarmed


def test_a_reply_is_replaced_also_when_the_fault_is_over() -> None:
    play = Play(ErrorReply(error="OOM"), sends("worker", "SET"))
    play.rules.watch = None
    stub = request("STORMPROOF.STUB")
    assert play.asks(GET + SET + GET) == [*to_redis(GET), *to_redis(stub), *to_redis(GET)]
    play.rules.disarm(play.rule)
    assert play.rules.quiet
    error = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"
    assert play.answers(ONE + b"-ERR unknown\r\n") == [*to_component(ONE), *to_component(error)]
    assert play.conversation.passes("component", GET)
    assert play.conversation.passes("server", ONE)


def test_the_second_reply_goes_nowhere_also_when_the_fault_is_over() -> None:
    play = Play(Duplicate(), sends("worker", "SET", times=2))
    play.rules.watch = None
    assert play.asks(SET + SET) == [*to_redis(SET + SET)] * 2
    play.rules.disarm(play.rule)
    assert [play.answers(OK) for _ in range(4)] == [to_component(OK), [], to_component(OK), []]
    assert play.conversation.passes("component", GET)


def test_a_connection_that_is_over_passes_nothing_when_the_fault_is_over() -> None:
    play = Play(Reset(), sends("worker", "SET"))
    play.rules.watch = None
    play.asks(SET)
    play.rules.disarm(play.rule)
    assert play.rules.quiet
    assert not play.conversation.passes("component", GET)
    assert play.conversation.receive("component", GET) == play.answers(OK) == []


def unwatched(fault: WireFault, when: Trigger) -> Play:
    """A play in which nobody looks at a frame once the fault is over."""
    play = Play(fault, when)
    play.rules.watch = None
    return play


def test_what_comes_behind_a_frame_that_waits_still_waits_when_the_fault_is_over() -> None:
    play = unwatched(Delay(delay_ms=100), sends("worker", "SET"))
    assert play.asks(SET) == [Sleep("component", 0.1)]
    play.rules.disarm(play.rule)
    assert play.asks(GET) == []
    assert play.conversation.wake("component") == [*to_redis(SET), *to_redis(GET)]
    assert play.conversation.passes("component", GET)


def test_what_is_swallowed_stays_swallowed_when_the_fault_is_over() -> None:
    play = unwatched(BlackHole(origin="component"), sends("worker", "SET"))
    assert play.asks(SET) == []
    play.rules.disarm(play.rule)
    assert not play.conversation.passes("component", GET)
    assert play.conversation.passes("server", ONE)


def test_nothing_passes_behind_the_end_of_its_way() -> None:
    conversation = Conversation("worker", "worker", "broker", 1, Rules(), RedisCodec(), Unread())
    assert conversation.ended("component", "fin") == [End("server", "fin")]
    assert not conversation.passes("component", GET)
    assert conversation.passes("server", ONE)


def test_the_parts_of_a_large_frame_share_its_fate_when_the_fault_is_over() -> None:
    play = unwatched(ErrorReply(error="OOM"), sends("worker", "GET"))
    play.asks(GET)
    play.rules.disarm(play.rule)
    large = b"$%d\r\n%s\r\n" % (2 * HEAD_LIMIT, b"x" * 2 * HEAD_LIMIT)
    (error,) = play.answers(large[: HEAD_LIMIT + 1])
    assert isinstance(error, Send) and error.data.startswith(b"-OOM ")
    assert play.answers(large[HEAD_LIMIT + 1 :]) == []
    assert play.conversation.passes("server", ONE)


def test_what_was_kept_back_goes_out_before_what_comes_when_the_fault_is_over() -> None:
    play = unwatched(Reset(), sends("worker", "NOSUCH"))
    assert play.asks(SET[:9]) == []
    play.rules.disarm(play.rule)
    assert play.asks(SET[9:]) == to_redis(SET)
    assert play.conversation.passes("component", GET)


def test_a_time_that_is_not_given_is_the_clocks_first() -> None:
    play = Play(Delay(delay_ms=100), sends("worker", "SET"))
    (sleep,) = play.conversation.receive("component", SET)
    assert sleep == ("component", 0.1)
