"""The lines of a run's logs that mention one task, with some context."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_AROUND, _MOST_LINES = 2, 40
_MOST_BYTES = 8 << 20


def excerpts(logs: Path, names: Iterable[str]) -> dict[str, list[str]]:
    """Return, by file, the lines that mention one of `names`, with context and `...` between stretches. Of long files only the end is read."""
    wanted = [name for name in names if name]
    found = {}
    for path in sorted(logs.glob("*.log")) if wanted and logs.is_dir() else ():
        if lines := _of(path, wanted):
            found[path.name] = lines
    return found


def _of(path: Path, wanted: list[str]) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _MOST_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []  # An unreadable log must not affect the rest of the report.
    hits = [number for number, line in enumerate(lines) if any(name in line for name in wanted)]
    near = sorted({n for hit in hits for n in range(max(0, hit - _AROUND), min(len(lines), hit + _AROUND + 1))})[
        :_MOST_LINES
    ]
    said: list[str] = []
    before = None
    for number in near:
        if before is not None and number > before + 1:
            said.append("...")
        said.append(lines[number][:500])
        before = number
    return said
