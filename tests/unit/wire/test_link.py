"""One connection: how it ends, how a held frame waits for the harness, and what passes unread."""

from __future__ import annotations

from plays import GET, OK, ONE, SET, Play, to_component, to_redis
from stormproof.brokers.redis.codec import RedisCodec
from stormproof.brokers.redis.resp import request
from stormproof.spec.trigger import sends
from stormproof.wire.codec import Unread
from stormproof.wire.faults import Delay, Reset
from stormproof.wire.link import Consult, Conversation, End
from stormproof.wire.rules import Rules


def test_an_end_follows_what_was_sent_before_it() -> None:
    play = Play(Delay(delay_ms=None), sends("worker", "SET"))
    assert play.asks(SET) == play.conversation.ended("component", "fin") == []
    assert play.conversation.healed(play.rule) == [*to_redis(SET), End("server", "fin")]
    assert not play.conversation.finished
    assert play.conversation.ended("server", "fin") == [End("component", "fin", whole=True)]
    assert play.conversation.finished


def test_what_was_begun_and_never_finished_still_goes_out_before_the_end() -> None:
    play = Play(Reset(), sends("worker", "NOSUCH"))
    assert play.asks(SET + GET[:7]) == to_redis(SET)
    assert play.conversation.ended("component", "fin") == [*to_redis(GET[:7]), End("server", "fin")]


def test_a_reset_overtakes_what_waits() -> None:
    play = Play(Delay(delay_ms=None), sends("worker", "SET"))
    play.asks(SET)
    assert play.conversation.ended("component", "reset") == [End("server", "reset")]


def held() -> Play:
    return Play(None, sends("worker", "SET"), asked=lambda moment, decide: None)


def test_a_held_frame_goes_on_when_the_harness_says_so() -> None:
    play = held()
    (consult,) = play.asks(SET + GET)
    assert isinstance(consult, Consult)
    assert str(consult.moment) == "worker:SET(a):request"
    assert play.conversation.decided("component", True) == [*to_redis(SET), *to_redis(GET)]


def test_what_a_dead_component_was_about_to_send_goes_nowhere_but_its_end_does() -> None:
    play = held()
    play.asks(SET + GET)
    play.conversation.ended("component", "fin")
    assert play.conversation.decided("component", False) == [End("server", "fin")]


def test_a_decision_that_comes_after_the_end_is_too_late() -> None:
    play = held()
    play.asks(SET)
    play.conversation.ended("component", "reset")
    assert play.conversation.decided("component", True) == []


def test_the_first_rule_acts_and_every_rule_counts() -> None:
    play = Play(Reset(), sends("worker", "GET", nth=2))
    play.rules.arm(Play(Delay(delay_ms=None), sends("worker", "GET", nth=3)).rule)
    assert play.asks(GET) == to_redis(GET)
    assert play.asks(GET)[0] == End("component", "reset")


def test_what_leaves_no_order_of_replies_is_forwarded_unread_and_told_once() -> None:
    play = Play(Reset(), sends("worker", "GET"))
    told: list[str] = []
    play.rules.notice = told.append
    assert play.asks(request("MONITOR")) == to_redis(request("MONITOR"))
    assert play.asks(GET) == to_redis(GET)
    assert play.answers(OK + b"+1.0 GET a\r\n") == [*to_component(OK), *to_component(b"+1.0 GET a\r\n")]
    assert told == ["worker: connection 1 is forwarded unread: MONITOR leaves no order of replies"]


def test_bytes_that_are_no_resp_are_forwarded_unread_and_told_once() -> None:
    rules, told = Rules(), list[str]()
    rules.notice = told.append
    conversation = Conversation("worker", "worker", "broker", 7, rules, RedisCodec(), Unread())
    assert conversation.receive("server", b"?what\r\n") == to_component(b"?what\r\n")
    assert conversation.receive("server", b"?more\r\n") == to_component(b"?more\r\n")
    assert told == ["worker: connection 7 is forwarded unread: unknown type '?'"]


def test_a_rule_that_is_armed_in_mid_frame_does_not_meet_that_frame() -> None:
    rules = Rules()
    conversation = Conversation("worker", "worker", "broker", 1, rules, RedisCodec(), Unread())
    assert conversation.receive("component", SET[:9]) == to_redis(SET[:9])
    play = Play(Reset(), sends("worker", "SET"))
    rules.arm(play.rule)
    assert conversation.receive("component", SET[9:]) == to_redis(SET[9:])
    assert conversation.receive("server", OK) == to_component(OK)
    assert conversation.receive("component", SET)[0] == End("component", "reset")


def test_replies_that_were_asked_for_unwatched_are_known_later() -> None:
    rules = Rules()
    conversation = Conversation("worker", "worker", "broker", 1, rules, RedisCodec(), Unread())
    conversation.receive("component", GET + SET)
    seen: list[str] = []
    rules.observe(lambda moment, fate, injection: seen.append(str(moment)))
    conversation.receive("server", ONE + OK)
    assert seen == ["worker:GET(a):reply", "worker:SET(a):reply"]
