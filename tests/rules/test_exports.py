"""What is public is there, is sorted, and says what it is for."""

from __future__ import annotations

import stormproof
from stormproof import checks, testing
from stormproof.serializers import strategies
from stormproof.spec import faults
from stormproof.wire import faults as wire_faults


def test_every_exported_name_exists_and_is_documented() -> None:
    for module in (stormproof, wire_faults, checks, strategies, testing):
        for name in module.__all__:
            assert getattr(module, name).__doc__, f"{module.__name__}.{name}"


def test_the_exported_names_are_sorted() -> None:
    for module in (stormproof, strategies, testing):
        assert list(module.__all__) == sorted(module.__all__, key=lambda name: (not name.isupper(), name))


def test_every_fault_is_public() -> None:
    assert {fault.__name__ for fault in faults.kinds()} <= set(stormproof.__all__)
