"""Which of the runs somebody wants to see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import msgspec

from stormproof.web.entry import PACKAGES, WORDS, Entry

FIELDS = ("scenario", "system", "verdict", *PACKAGES)
PAGE = 100
"""How many lines a page has."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The filters: field -> the one value that is wanted; a field that is not there admits all. `page` counts from 1."""

    fields: dict[str, str]
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """As an address says it. A page that is no number is the first."""
        page = query.get("page", "1")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
        return cls(fields={name: query[name] for name in FIELDS if query.get(name)}, page=max(1, number))

    def admits(self, entry: Entry) -> bool:
        """Whether an entry is as wanted, in each field."""
        return all(value in values(entry, name) for name, value in self.fields.items())

    def address(self, page: int) -> str:
        """The query of another page of the same."""
        return urlencode({**self.fields, "page": page}, errors="replace")


def values(entry: Entry, field: str) -> tuple[str, ...]:
    """What an entry has in a field: one value, or several releases of a package."""
    if field in PACKAGES:
        return entry.versions.get(field, ())
    one = {"scenario": entry.scenario, "system": entry.system, "verdict": entry.word}[field]
    return (one,) if one else ()


def options(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Field -> all values that there are to choose from."""
    found: dict[str, set[str]] = {field: set() for field in FIELDS}
    for entry in entries:
        for field in FIELDS:
            found[field].update(values(entry, field))
    ordered = {field: sorted(known) for field, known in found.items()}
    return {**ordered, "verdict": [word for word in WORDS if word in found["verdict"]]}
