"""A scenario's verdict over time: for each system and worker state its runs, the oldest first."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stormproof.web.entry import Entry

MOST = 200
"""How many runs of a series are shown: the last ones."""

MARKS = {"valid": "✓", "invalid": "✗", "unknown": "?", "running": "…", "crashed": "!"}
"""What stands in a cell, so that colour is never the only sign."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """`entries`: the oldest first. `left_out`: how many older ones there are besides."""

    title: str
    system: str
    entries: tuple[Entry, ...]
    left_out: int = 0

    @property
    def tally(self) -> str:
        """How many there are of each word."""
        known = [entry.word for entry in self.entries]
        return ", ".join(f"{known.count(word)} {word}" for word in MARKS if word in known)


def series(entries: Iterable[Entry], scenario: str) -> list[Series]:
    """The runs of a scenario; nothing where there is none. `entries`: the newest first, as the listing has them."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.kind == "run" and entry.scenario == scenario:
            found.setdefault((entry.system, entry.title), []).append(entry)
    return [
        Series(title=title, system=system, entries=tuple(reversed(known[:MOST])), left_out=max(0, len(known) - MOST))
        for (system, title), known in sorted(found.items())
    ]
