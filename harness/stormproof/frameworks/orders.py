"""The orders for the probes: what they do to tasks, in a file that they read again whenever it has been replaced."""

from __future__ import annotations

import json
from pathlib import Path


class Orders:
    """`path` is where the probes look. Each order names a key, an action, and for `hold` the file to wait for. If tasks
    show no key, an order counts them: `nth` is the task that it applies to, `turns` the files with which the probes
    count.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given: list[dict[str, str]] = []
        self._write()

    def give(self, order: dict[str, str]) -> None:
        """Put an order in force."""
        self._given.append(order)
        self._write()

    def take_back(self, order: dict[str, str]) -> None:
        """Withdraw an order."""
        self._given.remove(order)
        self._write()

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._given))
        fresh.rename(self._path)
