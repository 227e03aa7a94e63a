"""What the probes are ordered to do to tasks: a file that they read again whenever it was replaced."""

from __future__ import annotations

import json
from pathlib import Path


class Orders:
    """`path` is where the probes look; each order names a key, what to do, and for `hold` until which file is there. Where tasks show
    no key, an order counts them: `nth` is the task that it means, `turns` the files with which the probes count.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given: list[dict[str, str]] = []
        self._write()

    def give(self, order: dict[str, str]) -> None:
        """Have it done from now on."""
        self._given.append(order)
        self._write()

    def take_back(self, order: dict[str, str]) -> None:
        """Have it done no more."""
        self._given.remove(order)
        self._write()

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._given))
        fresh.rename(self._path)
