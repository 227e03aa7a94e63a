"""The place of one node: its address, its folder, and the mapping of its paths to this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stormproof.errors import NotSupportedError


@dataclass(frozen=True, slots=True)
class Place:
    """`folder` is the node's own: its home, data, log and `/tmp`. `binds`: path in the node -> path on this machine; `published`: native port
    -> port of this machine; `spare`: ports of this machine that its program alone knows of.
    """

    address: str
    folder: Path
    binds: Mapping[str, Path]
    published: Mapping[int, int] = field(default_factory=dict)
    spare: tuple[int, ...] = ()

    @property
    def tmp(self) -> Path:
        """What the node calls `/tmp`."""
        return self.folder / "tmp"

    @property
    def data(self) -> Path:
        """The folder for data that outlives a restart."""
        return self.folder / "data"

    def text(self, text: str) -> str:
        """A word of a command, or a value of the environment, with the paths of this machine in place of the node's."""
        return ":".join(str(self._bound(part) or part) for part in text.split(":"))

    def path(self, path: str) -> Path:
        """A path of the node on this machine. Raises NotSupportedError for one that is neither bound nor below `/tmp`."""
        found = self._bound(path) or _below("/tmp", self.tmp, path)  # noqa: S108 - a name in the node.
        if found is None:
            raise NotSupportedError(
                f"{path} of a node: only what is bound, and what is in its /tmp, is its own; bind a folder there"
            )
        return found

    def _bound(self, path: str) -> Path | None:
        return next((found for bind, source in self.binds.items() if (found := _below(bind, source, path))), None)


def _below(bind: str, source: Path, path: str) -> Path | None:
    if path == bind:
        return source
    return source / path.removeprefix(bind + "/") if path.startswith(bind + "/") else None
