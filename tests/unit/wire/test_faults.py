"""Each fault of the wire as a play: without sockets, without sleeps, command for command."""

from __future__ import annotations

import random

import pytest
from plays import EXEC, GET, MULTI, OK, ONE, QUEUED, SET, Play, to_component, to_redis
from stormproof.brokers.redis.faults import ErrorReply
from stormproof.brokers.redis.faults.error_reply import can_get
from stormproof.brokers.redis.resp import HEAD_LIMIT, request
from stormproof.spec.trigger import Trigger, receives, sends
from stormproof.wire.actions import Action, Close, Pass, Wait, Write
from stormproof.wire.faults import (
    Bandwidth,
    BlackHole,
    Delay,
    Duplicate,
    Garble,
    HalfClose,
    Refuse,
    Reset,
    Truncate,
    WireFault,
)
from stormproof.wire.link import End, Send, Sleep

STUB = request("STORMPROOF.STUB")
BOTH_RESET = [End("component", "reset"), End("server", "reset")]
BOTH_ENDED = [End("component", "fin"), End("server", "fin")]


def test_a_fault_without_a_trigger_is_there_for_every_frame_of_its_links_and_its_way() -> None:
    request_ = Trigger(component="api", store="results", direction="request", times=0)
    reply = Trigger(component="api", store="results", direction="reply", times=0)
    assert Delay(delay_ms=1, component="api", store="results").everywhere == request_
    assert Truncate(component="api", store="results").everywhere == reply
    assert Delay(delay_ms=1).everywhere == Trigger(component="*", store="*", direction="request", times=0)


@pytest.mark.parametrize(
    ("fault", "greeting"),
    [
        (Delay(delay_ms=1), "accept"),
        (Reset(), "accept"),
        (Reset(new=True), "reset"),
        (BlackHole(), "swallow"),
        (BlackHole(new=False), "accept"),
        (Refuse(existing="keep"), "refuse"),
    ],
)
def test_a_connection_that_is_opened_meanwhile_is_greeted_as_the_fault_says(fault: WireFault, greeting: str) -> None:
    assert fault.greeting == greeting


def test_a_reset_at_a_request_comes_before_redis_has_it() -> None:
    play = Play(Reset(), sends("worker", "GET"))
    assert play.asks(SET) == to_redis(SET)
    assert play.asks(GET) == BOTH_RESET
    assert play.asks(SET) == play.answers(OK) == []
    assert play.seen == [("request", "SET", "passed"), ("request", "GET", "reset")]


def test_a_reset_at_a_reply_comes_when_redis_has_executed_it() -> None:
    play = Play(Reset(), receives("worker", "GET"))
    assert play.asks(SET + GET) == [*to_redis(SET), *to_redis(GET)]
    assert play.answers(OK + ONE) == [*to_component(OK), *BOTH_RESET]


def test_a_reset_without_a_frame_strikes_the_connection_that_is_there() -> None:
    play = Play(Reset())
    assert play.asks(SET) == to_redis(SET)
    assert play.conversation.struck(play.rule) == BOTH_RESET
    assert play.rule.last == "worker: connection 1"


def test_what_is_opened_meanwhile_is_refused_reset_or_swallowed() -> None:
    assert Refuse().greeting == "refuse"
    assert Reset(new=True).greeting == "reset"
    assert Reset().greeting == "accept"
    assert BlackHole().greeting == "swallow"
    assert BlackHole(new=False).greeting == "accept"


def test_a_refusal_resets_what_is_there_unless_it_is_to_be_kept() -> None:
    assert (play := Play(Refuse())).conversation.struck(play.rule) == BOTH_RESET
    assert (play := Play(Refuse(existing="keep"))).conversation.struck(play.rule) == []
    assert play.asks(SET) == to_redis(SET)


def test_a_half_closed_side_is_told_and_still_heard() -> None:
    play = Play(HalfClose(), sends("worker", "SET"))
    assert play.asks(SET) == [*to_redis(SET), End("component", "fin")]
    assert play.asks(GET) == to_redis(GET)
    assert play.answers(OK) == []


def test_a_black_hole_swallows_both_ways_and_says_nothing() -> None:
    play = Play(BlackHole(), sends("worker", "GET"))
    assert play.asks(SET) == to_redis(SET)
    assert play.asks(GET) == play.answers(OK) == play.asks(SET) == []
    assert not play.conversation.over


def test_a_black_hole_may_swallow_one_way_only() -> None:
    play = Play(BlackHole(origin="server"), sends("worker", "GET"))
    assert play.asks(GET) == []
    assert play.asks(SET) == to_redis(SET)
    assert play.answers(OK) == []


def test_a_delay_holds_the_frame_and_all_behind_it_in_their_order() -> None:
    play = Play(Delay(delay_ms=150), sends("worker", "SET"))
    assert play.asks(SET + GET, now=10.0) == [Sleep("component", 10.15)]
    assert play.asks(MULTI, now=10.1) == []
    assert play.conversation.wake("component") == [*to_redis(SET), *to_redis(GET), *to_redis(MULTI)]


def test_frames_that_come_together_are_late_together() -> None:
    play = Play(Delay(delay_ms=150))
    assert play.asks(SET + GET, now=10.0) == [Sleep("component", 10.15)]
    assert play.conversation.wake("component") == [*to_redis(SET), Sleep("component", 10.15)]


def test_jitter_is_drawn_from_the_runs_own_dice() -> None:
    first, second = (Play(Delay(delay_ms=100, jitter_ms=50)).asks(SET, now=1.0) for _ in range(2))
    assert first == second
    (sleep,) = first
    assert isinstance(sleep, Sleep)
    assert 1.1 < sleep.until < 1.15


def test_a_delay_without_a_time_lasts_until_the_heal() -> None:
    play = Play(Delay(delay_ms=None), sends("worker", "SET"))
    assert play.asks(SET) == play.asks(GET) == []
    play.rules.disarm(play.rule)
    assert play.conversation.healed(play.rule) == [*to_redis(SET), *to_redis(GET)]


def test_a_narrow_way_lets_slices_pass_one_after_the_other() -> None:
    play = Play(Bandwidth(bytes_per_s=200), sends("worker", "SET"))
    commands, out = play.asks(SET), b""
    while commands:
        (*sent, last) = commands
        out += b"".join(command.data for command in commands if isinstance(command, Send))
        commands = play.conversation.wake("component") if isinstance(last, Sleep) else []
        assert all(len(command.data) <= 10 for command in sent if isinstance(command, Send))
    assert out == SET


def test_a_narrow_way_takes_as_long_as_its_bytes_need_and_the_request_counts_once() -> None:
    play = Play(Bandwidth(bytes_per_s=200))
    commands, untils = play.asks(SET + GET, now=10.0), list[float]()
    while commands and isinstance(commands[-1], Sleep):
        untils.append(commands[-1].until)
        commands = play.conversation.wake("component")
    assert untils == sorted(set(untils))
    assert untils[-1] == pytest.approx(10.0 + len(SET + GET) / 200)
    assert play.answers(OK + ONE) == [*to_component(OK), *to_component(ONE)]
    assert [(way, command) for way, command, _ in play.seen if way == "reply"] == [("reply", "SET"), ("reply", "GET")]


def test_a_large_reply_to_the_second_of_two_goes_nowhere_as_a_whole() -> None:
    play = Play(Duplicate(), sends("worker", "GET"))
    play.asks(GET)
    large = b"$%d\r\n%s\r\n" % (2 * HEAD_LIMIT, b"x" * 2 * HEAD_LIMIT)
    out = [
        c.data
        for part in (
            large,
            large[:40_000],
            large[40_000:],
        )
        for c in play.answers(part)
        if isinstance(c, Send)
    ]
    assert b"".join(out) == large


def test_a_truncated_reply_lacks_its_end_and_so_does_the_connection() -> None:
    play = Play(Truncate(keep_bytes=3), receives("worker", "GET"))
    play.asks(GET)
    assert play.answers(ONE) == [*to_component(b"$1\r"), *BOTH_ENDED]
    short = Play(Truncate(keep_bytes=99), receives("worker", "SET"))
    short.asks(SET)
    assert short.answers(OK) == [*to_component(OK[:-1]), *BOTH_ENDED]


@pytest.mark.parametrize(
    ("part", "reply", "garbled"),
    [
        ("type", b"$1\r\n1\r\n", b"\x001\r\n1\r\n"),
        ("length", b"$1\r\n1\r\n", b"$2\r\n1\r\n"),
        ("length", b"*2\r\n:1\r\n:2\r\n", b"*3\r\n:1\r\n:2\r\n"),
        ("length", b":7\r\n", b"\x007\r\n"),
        ("length", b"$-1\r\n", b"\x00-1\r\n"),
        ("payload", b"$2\r\nab\r\n", b"$2\r\n!\x22\r\n"),
        ("length", b"%1\r\n+a\r\n:1\r\n", b"%2\r\n+a\r\n:1\r\n"),
        ("length", b"~9\r\n" + b":1\r\n" * 9, b"~10\r\n" + b":1\r\n" * 9),
        ("length", b"=5\r\ntxt:a\r\n", b"=6\r\ntxt:a\r\n"),
        ("payload", b"+OK\r\n", b"+\x0f\x0b\r\n"),
        ("payload", b"$3\r\nX\r\n\r\n", b"$3\r\n\x18\r\n\r\n"),
        ("payload", b"*2\r\n:1\r\n_\r\n", b"*2\r\n:q\r\n_\r\n"),
        ("payload", b"%1\r\n,1\r\n~1\r\n#t\r\n", b"%1\r\n,q\r\n~1\r\n#4\r\n"),
        ("payload", b"=5\r\ntxt:a\r\n", b"=5\r\n484z!\r\n"),
        ("payload", b"!1\r\nE\r\n", b"!1\r\n\x05\r\n"),
    ],
)
def test_a_garbled_reply_is_garbled_in_the_part_that_was_meant(part: str, reply: bytes, garbled: bytes) -> None:
    play = Play(Garble(part=part), receives("worker", "GET"))  # type: ignore[arg-type]
    play.asks(GET + SET)
    assert play.answers(reply + OK) == [*to_component(garbled), *to_component(OK)]


@pytest.mark.parametrize(
    ("fault", "actions"),
    [
        (Bandwidth(bytes_per_s=1), []),
        (Delay(delay_ms=100), [Wait(0.1), Pass()]),
        (Duplicate(), [Pass()]),
        (Garble(part="payload"), [Write(b"")]),
        (Garble(part="length"), [Write(b"\x00")]),
        (Truncate(), [Write(b""), Close("fin")]),
    ],
)
def test_a_fault_of_frames_finds_none_in_a_connection(fault: WireFault, actions: list[Action]) -> None:
    assert fault.meet(None, random.Random(1)) == actions


@pytest.mark.parametrize(("bytes_per_s", "size"), [(1, 1), (39, 1), (40, 2), (200, 10)])
def test_a_narrow_way_lets_a_twentieth_of_a_second_pass_at_once(bytes_per_s: int, size: int) -> None:
    fault = Bandwidth(bytes_per_s=bytes_per_s)
    actions = [Wait(size / bytes_per_s, in_turn=True), Write(b"x" * size)] * 9
    assert fault.carry_on(b"x" * 9 * size) == actions
    assert fault.carry_on(b"x" * 9 * size + b"y") == [*actions, Wait(1 / bytes_per_s, in_turn=True), Write(b"y")]
    assert fault.carry_on(b"") == []


def test_a_request_is_executed_twice_and_answered_once() -> None:
    play = Play(Duplicate(), sends("worker", "SET"))
    assert play.asks(SET + GET) == [*to_redis(SET + SET), *to_redis(GET)]
    assert play.answers(OK + OK + ONE) == [*to_component(OK), *to_component(ONE)]
    assert [fate for _, _, fate in play.seen if fate != "passed"] == ["duplicate"]


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        ("LOADING", b"-LOADING Redis is loading"),
        ("READONLY", b"-READONLY You can't write"),
        ("OOM", b"-OOM command not allowed"),
        ("NOAUTH", b"-NOAUTH Authentication required"),
        ("BUSY", b"-BUSY Redis is busy"),
        ("MASTERDOWN", b"-MASTERDOWN Link with MASTER is down"),
    ],
)
def test_an_error_stands_in_for_the_reply_and_the_others_keep_their_places(error: str, begins: bytes) -> None:
    play = Play(ErrorReply(error=error), sends("worker", "SET"))  # type: ignore[arg-type]
    assert play.asks(GET + SET + GET) == [*to_redis(GET), *to_redis(STUB), *to_redis(GET)]
    first, instead, last = play.answers(ONE + b"-ERR unknown command\r\n" + ONE)
    assert [first, last] == [*to_component(ONE), *to_component(ONE)]
    assert isinstance(instead, Send)
    assert instead.data.startswith(begins)


def test_an_error_within_a_transaction_leaves_redis_to_discard_it() -> None:
    play = Play(ErrorReply(error="OOM"), sends("worker", "SET"))
    assert play.asks(MULTI + SET + EXEC) == [*to_redis(MULTI), *to_redis(STUB), *to_redis(EXEC)]
    aborted = b"-EXECABORT Transaction discarded\r\n"
    said = play.answers(OK + b"-ERR unknown command\r\n" + aborted)
    assert said[2] == Send("component", aborted)


def test_an_error_at_exec_discards_the_transaction_and_says_why() -> None:
    play = Play(ErrorReply(error="LOADING"), sends("worker", "EXEC"))
    assert play.asks(MULTI + SET + EXEC) == [*to_redis(MULTI), *to_redis(SET), *to_redis(request("DISCARD"))]
    *_, last = play.answers(OK + QUEUED + OK)
    assert last == Send(
        "component", b"-EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset in memory\r\n"
    )


def test_too_many_clients_are_told_so_and_shown_the_door() -> None:
    play = Play(ErrorReply(error="MAXCLIENTS"), sends("worker", "GET"))
    play.asks(GET)
    assert play.answers(b"-ERR unknown\r\n") == [*to_component(b"-ERR max number of clients reached\r\n"), *BOTH_ENDED]


def test_redis_would_not_give_every_error_to_every_command() -> None:
    assert can_get("LPUSH", "OOM")
    assert not can_get("BRPOP", "OOM")
    assert can_get("BRPOP", "READONLY")
    assert not can_get("GET", "READONLY")
    assert not can_get("AUTH", "NOAUTH")
    assert not can_get("SUBSCRIBE", "LOADING")


@pytest.mark.parametrize(
    "fault",
    [Reset(), BlackHole(), ErrorReply(error="OOM"), Delay(delay_ms=None), Duplicate(), Bandwidth(bytes_per_s=10**9)],
)
def test_a_large_request_is_met_as_a_whole(fault: object) -> None:
    large = request("SET", "a", b"x" * 3 * HEAD_LIMIT)
    play = Play(fault, Trigger(command="SET"))  # type: ignore[arg-type]
    out = b""
    for at in range(0, len(large), 10_000):
        commands = play.asks(large[at : at + 10_000])
        while commands:
            out += b"".join(c.data for c in commands if isinstance(c, Send) and c.to == "server")
            commands = play.conversation.wake("component") if isinstance(commands[-1], Sleep) else []
    if isinstance(fault, Reset | BlackHole | Delay):
        assert out == b""
        out += b"".join(c.data for c in play.conversation.healed(play.rule) if isinstance(c, Send))
        assert out == (large if isinstance(fault, Delay) else b"")
    else:
        assert out == (STUB if isinstance(fault, ErrorReply) else large)
