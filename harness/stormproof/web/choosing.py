"""Chooses the runs to list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import msgspec

from stormproof.web.entry import PACKAGES, WORDS, Entry

FIELDS = ("scenario", "system", "verdict", *PACKAGES)
PAGE = 100
"""The number of lines on a page."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The filters: field -> the value to match; a missing field matches everything. `page` counts from 1."""

    fields: dict[str, str]
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """Parse the filters of a query string. A page that is not a number becomes the first."""
        page = query.get("page", "1")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
        return cls(fields={name: query[name] for name in FIELDS if query.get(name)}, page=max(1, number))

    def admits(self, entry: Entry) -> bool:
        """Whether an entry matches in every field."""
        return all(value in values(entry, name) for name, value in self.fields.items())

    def address(self, page: int) -> str:
        """Return the query string of another page with the same filters."""
        return urlencode({**self.fields, "page": page}, errors="replace")


def values(entry: Entry, field: str) -> tuple[str, ...]:
    """Return an entry's values in a field: one value, or several releases of a package."""
    if field in PACKAGES:
        return entry.versions.get(field, ())
    one = {"scenario": entry.scenario, "system": entry.system, "verdict": entry.word}[field]
    return (one,) if one else ()


def options(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Return, by field, all values to choose from."""
    found: dict[str, set[str]] = {field: set() for field in FIELDS}
    for entry in entries:
        for field in FIELDS:
            found[field].update(values(entry, field))
    ordered = {field: sorted(known) for field, known in found.items()}
    return {**ordered, "verdict": [word for word in WORDS if word in found["verdict"]]}
