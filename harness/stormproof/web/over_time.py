"""A scenario's verdicts over time: its runs for each system and worker state, the oldest first."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stormproof.web.entry import Entry

MOST = 200
"""How many runs of a series are shown, counted from the latest."""

MARKS = {"valid": "✓", "invalid": "✗", "unknown": "?", "running": "…", "crashed": "!"}
"""The text in a cell, so that colour is never the only sign."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """`entries`: the oldest first. `left_out`: how many older ones are not shown."""

    title: str
    system: str
    entries: tuple[Entry, ...]
    left_out: int = 0

    @property
    def tally(self) -> str:
        """How many runs there are of each word."""
        known = [entry.word for entry in self.entries]
        return ", ".join(f"{known.count(word)} {word}" for word in MARKS if word in known)


def series(entries: Iterable[Entry], scenario: str) -> list[Series]:
    """Return the runs of a scenario; empty if there are none. `entries`: the newest first, as in the listing."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.kind == "run" and entry.scenario == scenario:
            found.setdefault((entry.system, entry.title), []).append(entry)
    return [
        Series(title=title, system=system, entries=tuple(reversed(known[:MOST])), left_out=max(0, len(known) - MOST))
        for (system, title), known in sorted(found.items())
    ]
