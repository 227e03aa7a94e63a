"""All differences between a value and what arrived: who accepts that a tuple becomes a list is not to miss what is lost inside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from stormproof.sameness import Difference, brief, difference

_TEXT = (str, bytes, bytearray, memoryview, range)


def differences(sent: Any, got: Any) -> Iterator[Difference]:
    """Outer ones first. There is one at least where `sameness.difference` finds one, and none where it finds none.

    Where a value differs itself, its parts are compared if they can be laid beside the other's: those of sequences of one length, and of
    mappings with as many keys in one order.
    """
    try:
        found = list(_apart(sent, got))
    except RecursionError:  # Nested too deep, or in a ring.
        found = []
    whole = None if found else difference(sent, got)
    yield from [whole] if whole else found


def _apart(sent: Any, got: Any) -> Iterator[Difference]:
    """Differences of two values and of their parts."""
    if _are(Sequence, sent, got) and len(sent) == len(got):
        yield from _in_themselves(sent, got)
        for index, (one, other) in enumerate(zip(sent, got, strict=True)):
            yield from _under(f"[{index}]", one, other)
    elif _are(Mapping, sent, got) and len(sent) == len(got) and not _reordered(sent, got):
        yield from _in_themselves(sent, got)
        for (key, one), (its, other) in zip(sent.items(), got.items(), strict=True):
            changed = difference(key, its)
            if changed:
                yield replace(changed, path="", what=f"key: {changed.what}")
            yield from _under(f"[{brief(key)}]", one, other)
    elif type(sent) is type(got) and isinstance(getattr(sent, "__dict__", None), dict):
        for name, one in vars(sent).items():
            yield from _under(f".{name}", one, vars(got).get(name))
    else:
        found = difference(sent, got)
        if found:
            yield found


def _under(step: str, sent: Any, got: Any) -> Iterator[Difference]:
    for found in differences(sent, got):
        yield replace(found, path=step + found.path)


def _in_themselves(sent: Any, got: Any) -> Iterator[Difference]:
    if type(sent) is not type(got):
        yield Difference("", f"{type(sent).__name__} becomes {type(got).__name__}", sent, got)


def _are(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) and not isinstance(value, _TEXT) for value in values)


def _reordered(sent: Mapping[Any, Any], got: Mapping[Any, Any]) -> bool:
    same = all(difference(one, other) is None for one, other in zip(sent, got, strict=True))
    return not same and set(map(repr, sent)) == set(map(repr, got))
