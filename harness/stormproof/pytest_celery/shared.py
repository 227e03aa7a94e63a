"""What nodes share by name: networks, which are only names, and volumes, which are folders. Also the base of all docker-py replacements."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stormproof.errors import NotSupportedError


class Partial:
    """A partial replacement for a docker-py class. A missing attribute is refused with a one-line error."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Raises NotSupportedError."""
            if name.startswith("_"):
                raise AttributeError(name)
            raise NotSupportedError(f"{type(self).__name__}.{name}: nodes have none; run this on Docker")


@dataclass(frozen=True, slots=True)
class Network:
    """A network, which is only a name, because all nodes can reach each other."""

    name: str
    attrs: Mapping[str, Any]
    id: str = field(default_factory=lambda: secrets.token_hex(32))

    def remove(self) -> None:
        """Do nothing: there is nothing to remove."""


class Networks(Partial):
    """docker-py's `client.networks`."""

    def create(self, name: str, labels: Mapping[str, str] | None = None, **_: Any) -> Network:
        """A name."""
        return Network(name, {"Name": name, "Labels": dict(labels or {})})


@dataclass(frozen=True, slots=True)
class Volume:
    """A folder that nodes share."""

    name: str
    folder: Path
    attrs: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name."""
        return self.name

    def remove(self, force: bool = False) -> None:
        """Remove the volume and its content."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Volumes(Partial):
    """docker-py's `client.volumes`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Volume] = {}

    def create(self, name: str, labels: Mapping[str, str] | None = None, **_: Any) -> Volume:
        """An empty folder."""
        folder = self._folder / secrets.token_hex(8)
        folder.mkdir(parents=True)
        self._made[name] = Volume(name, folder, {"Name": name, "Labels": dict(labels or {})})
        return self._made[name]

    def get(self, name: str) -> Volume:
        """Return the volume with this name, creating it if it does not exist, like Docker."""
        return self._made[name] if name in self._made else self.create(name)
