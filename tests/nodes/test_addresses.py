"""Each node has an address for itself, also where two harnesses run."""

from __future__ import annotations

import ipaddress

import pytest
from stormproof.errors import StormproofError
from stormproof.pytest_celery.addresses import Addresses


def test_an_address_is_of_this_machine_and_as_long_as_a_short_id() -> None:
    addresses = Addresses()
    taken = [addresses.take() for _ in range(50)]
    addresses.close()
    assert len(set(taken)) == 50
    assert {len(address) for address in taken} == {12}
    assert all(ipaddress.ip_address(address).is_loopback for address in taken)


def test_two_harnesses_never_hold_the_same_address(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Addresses(), Addresses()
    for addresses in (first, second):
        monkeypatch.setattr(addresses._random, "randint", lambda *_: 42)
    assert first.take() == "127.42.42.42"
    with pytest.raises(StormproofError, match="no free address"):
        second.take()
    first.give_back("127.42.42.42")
    assert second.take() == "127.42.42.42"
    second.close()
