"""Which errors Redis gives to which commands, and in which words."""

from __future__ import annotations

import random
from typing import get_args

import pytest
from stormproof.brokers.redis.faults import ErrorReply
from stormproof.brokers.redis.faults.error_reply import ErrorCode, can_get
from stormproof.wire.actions import Answer

EVERY: tuple[ErrorCode, ...] = get_args(ErrorCode)


@pytest.mark.parametrize(
    ("command", "errors"),
    [
        ("GET", {"LOADING", "NOAUTH", "BUSY", "MASTERDOWN"}),
        ("SET", {"LOADING", "READONLY", "OOM", "NOAUTH", "BUSY", "MASTERDOWN"}),
        ("BRPOP", {"LOADING", "READONLY", "NOAUTH", "BUSY", "MASTERDOWN"}),
        ("EXEC", {"LOADING", "READONLY", "OOM", "NOAUTH", "BUSY"}),
        ("MULTI", {"NOAUTH"}),
        ("PUBLISH", {"NOAUTH"}),
        ("SUBSCRIBE", {"NOAUTH"}),
        ("PING", {"LOADING", "NOAUTH", "BUSY", "MAXCLIENTS"}),
        ("CLIENT", {"NOAUTH", "MAXCLIENTS"}),
        ("SELECT", {"NOAUTH", "MAXCLIENTS"}),
        ("HELLO", {"MAXCLIENTS"}),
        ("AUTH", set()),
        ("QUIT", set()),
        ("RESET", set()),
    ],
)
def test_a_command_gets_the_errors_that_redis_would_give_it(command: str, errors: set[ErrorCode]) -> None:
    assert {error for error in EVERY if can_get(command, error)} == errors


@pytest.mark.parametrize("error", EVERY)
def test_an_error_is_one_line_and_only_that_of_too_many_clients_ends_the_connection(error: ErrorCode) -> None:
    fault = ErrorReply(error=error)
    (answer,) = fault.meet(None, random.Random(1))
    assert isinstance(answer, Answer)
    begins = b"-ERR max" if error == "MAXCLIENTS" else b"-" + error.encode() + b" "
    assert answer.reply.startswith(begins)
    assert answer.reply.endswith(b"\r\n")
    assert answer.reply.count(b"\r\n") == 1
    assert answer.close is (error == "MAXCLIENTS")
    assert fault.carry_on(b"more") == []
