"""All differences between a value and what arrived: a user who accepts that a tuple becomes a list must still see what is lost inside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from stormproof.serializers.exact import Difference, brief, difference

_DEEPEST = 20
_TEXT = (str, bytes, bytearray, memoryview, range)


def differences(sent: Any, got: Any, depth: int = 0) -> Iterator[Difference]:
    """Outer ones first. There is one at least where `sameness.difference` finds one, and none where it finds none.

    Where a value differs itself, its parts are compared if they can be laid beside the other's: those of sequences of one length, and of
    mappings with as many keys in one order. Of what is nested deep, or in a ring, the first difference is all.
    """
    whole = difference(sent, got)
    if whole is not None:
        yield from (list(_apart(sent, got, depth)) if depth < _DEEPEST else []) or [whole]


def _apart(sent: Any, got: Any, depth: int) -> Iterator[Difference]:
    """Differences of two values and of their parts."""
    if _are(Sequence, sent, got) and len(sent) == len(got):
        yield from _in_themselves(sent, got)
        for index, (one, other) in enumerate(zip(sent, got, strict=True)):
            yield from _under(f"[{index}]", one, other, depth)
    elif _are(Mapping, sent, got) and len(sent) == len(got) and not _reordered(sent, got):
        yield from _in_themselves(sent, got)
        for (key, one), (its, other) in zip(sent.items(), got.items(), strict=True):
            changed = difference(key, its)
            if changed:
                yield replace(changed, path="", what=f"key: {changed.what}")
            yield from _under(f"[{brief(key)}]", one, other, depth)
    elif type(sent) is type(got) and isinstance(getattr(sent, "__dict__", None), dict):
        for name, one in vars(sent).items():
            yield from _under(f".{name}", one, vars(got).get(name), depth)


def _under(step: str, sent: Any, got: Any, depth: int) -> Iterator[Difference]:
    for found in differences(sent, got, depth + 1):
        yield replace(found, path=step + found.path)


def _in_themselves(sent: Any, got: Any) -> Iterator[Difference]:
    if type(sent) is not type(got):
        yield Difference("", f"{type(sent).__name__} becomes {type(got).__name__}", sent, got)


def _are(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) and not isinstance(value, _TEXT) for value in values)


def _reordered(sent: Mapping[Any, Any], got: Mapping[Any, Any]) -> bool:
    same = all(difference(one, other) is None for one, other in zip(sent, got, strict=True))
    return not same and set(map(repr, sent)) == set(map(repr, got))
