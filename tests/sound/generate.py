"""Writes `configurations.csv`: rows of which each pair of values of two factors, that no rule excludes, is in at least one.

    python tests/sound/generate.py

Needs covertable (`pip install --group sound`), which the corpus itself does not.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import combinations
from pathlib import Path

from covertable import make
from factors import FACTORS, RULES, Configuration, allowed

FILE = Path(__file__).parent / "configurations.csv"


def generate() -> list[Configuration]:
    """The covering array, the same each time."""
    constraints = [{"operator": "fn", "requires": list(rule.factors), "evaluate": rule.allows} for rule in RULES]
    factors = {name: list(values) for name, values in FACTORS.items()}
    rows = sorted(make(factors, strength=2, constraints=constraints), key=_place)
    return sorted(vary([{name: row[name] for name in FACTORS} for row in rows]), key=_place)


def vary(rows: list[dict[str, str]]) -> list[Configuration]:
    """The same pairs, but where a value is in a row only to fill it, another one: covertable fills with the first one everywhere."""
    count = Counter(pair for row in rows for pair in combinations(row.items(), 2))
    for number, row in enumerate(rows):
        for place, (name, values) in enumerate(FACTORS.items()):
            other = values[(number + place) % len(values)]
            gone, come = _pairs_of(row, name, row[name]), _pairs_of(row, name, other)
            if other != row[name] and all(count[pair] > 1 for pair in gone) and allowed({**row, name: other}):
                count.subtract(gone)
                count.update(come)
                row[name] = other
    return [*rows]


def _pairs_of(row: Configuration, name: str, value: str) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """The pairs in which this value would be, in the order of the factors."""
    names = list(row)
    before, after = names[: names.index(name)], names[names.index(name) + 1 :]
    return [
        *(((one, row[one]), (name, value)) for one in before),
        *(((name, value), (one, row[one])) for one in after),
    ]


def _place(row: Configuration) -> list[int]:
    return [values.index(row[name]) for name, values in FACTORS.items()]


def as_csv(rows: list[Configuration]) -> str:
    """The rows as the file has them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(FACTORS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


if __name__ == "__main__":
    FILE.write_text(as_csv(generate()))
