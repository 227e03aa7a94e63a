"""What can become of a history between who writes it and who judges it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from stormproof.history import AnyEvent, History


def damaged(events: Sequence[AnyEvent]) -> st.SearchStrategy[History]:
    """Cut at head or tail, without any of its lines or with some of them twice, in another order, and with a torn last line or not."""
    size = len(events)
    place = st.integers(0, size - 1)
    kept = st.one_of(
        st.tuples(st.integers(0, size), st.integers(0, size)).map(lambda ends: range(min(ends), max(ends))),
        st.sets(place).map(lambda lost: [index for index in range(size) if index not in lost]),
        st.lists(place, max_size=3).map(lambda again: sorted([*range(size), *again])),
        st.lists(place, max_size=2 * size),
        st.permutations(range(size)),
        st.tuples(place, place).map(lambda moved: _moved(size, *moved)),
    )
    return st.builds(
        lambda indexes, cut_off: History([events[index] for index in indexes], cut_off=cut_off), kept, st.booleans()
    )


def _moved(size: int, from_: int, to: int) -> list[int]:
    indexes = [index for index in range(size) if index != from_]
    indexes.insert(to, from_)
    return indexes
