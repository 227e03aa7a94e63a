"""fakeredis does what a Redis does with all that a result backend asks of it; in what it does not, is in `test_fakeredis.py`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
import redis
from agreement import Command, agree, commands, kept
from endings import Bench, Raised, Returned, bench
from hypothesis import given, settings
from hypothesis import strategies as st
from result_contracts import returned
from result_stores import SERIALIZERS, Store, fake_redis, real_redis
from stormproof.serializers.strategies import exceptions
from stormproof.serializers.strategies.exceptions import KINDS

Stores = tuple[Store, Store]
_MOMENT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
# What these say of themselves differs from one look to the next: addresses, classes that are made anew.
_STEADY = sorted(set(KINDS) - {"long text", "unserialisable arguments", "nested arguments", "group"})


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with real_redis(tmp_path_factory.mktemp("redis")) as real, fake_redis() as fake:
        yield real, fake


@pytest.fixture(scope="module")
def clients(stores: Stores) -> Iterator[tuple[redis.Redis, redis.Redis]]:
    with stores[0].client() as real, stores[1].client() as fake:
        yield real, fake


def test_replies_errors_and_what_is_stored_are_the_same(clients: tuple[redis.Redis, redis.Redis]) -> None:
    """Of any few commands after one another."""
    most = settings.default.max_examples if settings.default else 100

    @settings(max_examples=4 * most)
    @given(st.lists(commands(), min_size=1, max_size=6))
    def every(program: list[Command]) -> None:
        agree(program, *clients)

    every()


@pytest.fixture(scope="module", params=[name for name in SERIALIZERS if name != "yaml"])
def both(request: pytest.FixtureRequest, stores: Stores) -> Iterator[tuple[Bench, Bench]]:
    """The same worker on each."""
    conf = {"result_expires": 3600, "result_failure_expires": 60, "result_extended": True}
    with bench(stores[0], request.param, **conf) as real, bench(stores[1], request.param, **conf) as fake:
        for one in (real, fake):
            one.worker.app.now = lambda: _MOMENT
        yield real, fake


def test_what_a_worker_stores_is_the_same_byte_for_byte(
    both: tuple[Bench, Bench], clients: tuple[redis.Redis, redis.Redis]
) -> None:
    """With the time that it is kept for, and how the message was settled."""
    most = settings.default.max_examples if settings.default else 100

    @settings(max_examples=max(5, most // 2))
    @given(exceptions(_STEADY).map(Raised) | returned().map(Returned))
    def every(did: Returned | Raised) -> None:
        found = []
        for on, client in zip(both, clients, strict=True):
            client.flushall()
            if isinstance(did, Raised):
                did.error.with_traceback(None)
            ran = on.worker.run(did, task_id="an id")
            found.append((ran.settled, type(ran.error), kept(client)))
        (*settled, real), (*also, fake) = found
        assert settled == also
        assert _without_time(real) == _without_time(fake)

    every()


def _without_time(stored: dict[bytes, tuple[object, ...]]) -> dict[bytes, tuple[object, ...]]:
    """A second may have passed between the two."""
    return {key: (kind, value, round(int(ttl) / 10)) for key, (kind, value, ttl) in stored.items()}  # type: ignore[call-overload]
