"""Known changes that a user has accepted: `{"orders.ship.pair": "tuple becomes list"}`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from stormproof.errors import UsageError
from stormproof.serializers.place import Place

Expect = Mapping[str, str | Iterable[str]]


def expected(expect: Expect, places: Iterable[Place]) -> dict[str, tuple[str, ...]]:
    """Return the accepted changes by the key of a place. Raises UsageError for a key that belongs to no place."""
    keys = [place.key for place in places]
    for key in expect:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            mend = f"did you mean {near[0]!r}?" if near else "name a task and its parameter, or `return`"
            raise UsageError(f"expect: nothing is called {key!r}; {mend}")
    return {key: (ways,) if isinstance(ways, str) else tuple(ways) for key, ways in expect.items()}


def parsed(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`key=way` as the command has them, a key as often as it has ways; raises UsageError."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        key, sign, way = text.partition("=")
        if not (key and sign and way):
            raise UsageError(f"--expect {text!r}: say KEY=WHAT, such as 'orders.ship.pair=tuple becomes list'")
        found[key] = (*found.get(key, ()), way)
    return found
