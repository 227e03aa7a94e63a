"""Finds instructions in a worker's Dockerfile that a node does not execute."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

_SAYS_NOTHING = frozenset({"ARG", "EXPOSE", "LABEL", "MAINTAINER"})
"""Instructions that change nothing in the container."""


class IgnoredInstruction(UserWarning):
    """An instruction of a Dockerfile that has no effect on a node."""


def ignored(folder: Path, name: str = "Dockerfile") -> list[str]:
    """Return a line for each instruction of a Dockerfile that is not in pytest-celery's own, which a node replaces. Empty without a file."""
    path = folder / name
    stock = {said for _, said in _instructions(_stock())}
    return [
        f"{path}, line {line}: {said.partition(' ')[0]} has no effect, as nothing of a Dockerfile is executed: {said:.100}"
        for line, said in _instructions(path)
        if said not in stock and said.partition(" ")[0] not in _SAYS_NOTHING
    ]


def _stock() -> Path:
    spec = importlib.util.find_spec("pytest_celery")
    return Path(spec.origin if spec and spec.origin else "").parent / "vendors" / "worker" / "Dockerfile"


def _instructions(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line and the text, in one line, of each instruction."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    began, parts = 0, list[str]()
    for number, line in enumerate([*lines, ""], 1):
        if re.match(r"\s*#", line):
            continue
        began = began if parts else number
        parts.append(line.strip().removesuffix("\\"))
        if not line.rstrip().endswith("\\"):
            word, _, rest = " ".join(" ".join(parts).split()).partition(" ")
            parts.clear()
            if word:
                yield began, f"{word.upper()} {rest}".strip()
