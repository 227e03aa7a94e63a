"""However an address is written, a foreign host and a foreign Redis are refused, and one of the run's is admitted."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stormproof.errors import DescriptionError
from stormproof.spec.loopback import addresses, is_loopback, refuse_others
from stormproof.spec.system import System

FOREIGN = st.from_regex(r"[a-z][a-z0-9-]{0,9}(\.[a-z]{2,5}){1,2}", fullmatch=True).filter(
    lambda host: not is_loopback(host)
)
REDIS = st.sampled_from(["redis", "valkey", "sentinel", "REDIS", "redis+ssl", "mine+redis"])
SERVICES = st.one_of(
    REDIS, st.sampled_from(["amqp", "pyamqp", "https", "db+postgresql", "postgresql+psycopg", "mongodb+srv"])
)
USERS = st.text(
    st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=" \"'<>/?#\\;,"), max_size=12
)
PATHS = st.sampled_from(["", "/", "/0", "/0?x=@127.0.0.1", "#@localhost"])
AROUND = st.sampled_from(
    [("", ""), ("--broker=", ""), ("-b ", " -Q celery"), ('{"url": "', '"}'), ("redis://127.0.0.1:0;", "")]
)
PORTS = st.integers(1, 65535)


def described(address: str) -> System:
    return System.model_validate(
        {
            "name": "mine",
            "redis": {"broker": {"port": 7000}},
            "env": {"ADDRESS": address},
            "components": {"api": {"role": "api", "command": ["api"]}},
            "submit": {"path": "/"},
            "status": {"path": "/"},
        }
    )


@given(SERVICES, USERS, FOREIGN, st.none() | PORTS, PATHS, AROUND)
def test_a_foreign_host_is_refused_in_every_url(
    scheme: str, user: str, host: str, port: int | None, path: str, around: tuple[str, str]
) -> None:
    url = f"{scheme}://{user}{'@' if user else ''}{host}{f':{port}' if port else ''}{path}"
    with pytest.raises(DescriptionError, match="is not this machine"):
        refuse_others("x", described(around[0] + url + around[1]))


@given(REDIS, USERS, PORTS.filter(lambda port: port != 7000), PATHS, AROUND)
def test_a_redis_that_the_run_does_not_start_is_refused_at_every_port(
    scheme: str, user: str, port: int, path: str, around: tuple[str, str]
) -> None:
    url = f"{scheme}://{user}{'@' if user else ''}127.0.0.1:{port}{path}"
    with pytest.raises(DescriptionError, match=f"the Redis at port {port} is not one"):
        refuse_others("x", described(around[0] + url + around[1]))


@given(REDIS, st.text(st.characters(exclude_categories=["Cs"]), max_size=12), PATHS, AROUND)
def test_a_redis_of_the_run_is_admitted_with_every_password(
    scheme: str, password: str, path: str, around: tuple[str, str]
) -> None:
    for where in ("{redis.broker.host}:{redis.broker.port}", "localhost:7000"):
        url = f"{scheme}://:{quote(password, safe='')}@{where}{path}"
        refuse_others("x", described(around[0] + url + around[1]))


@given(st.text(st.sampled_from("redis:/@;,[].0 "), max_size=60))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    for found in addresses(text):
        assert found.port >= -1


def test_a_long_text_is_read_in_one_pass() -> None:
    for long in ("a" * 1_000_000, "redis://" * 100_000, "redis://" + "@" * 1_000_000, "x;" * 500_000 + "://"):
        assert len({found.host for found in addresses(long)}) < 3
