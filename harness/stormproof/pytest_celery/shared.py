"""What nodes share by name: networks, which are nothing more, and volumes, which are folders. And what all that stands for docker-py shares."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stormproof.errors import NotSupportedError


class Partial:
    """A part of a class of docker-py. What it has and we have not is refused in one line."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Raises NotSupportedError."""
            if name.startswith("_"):
                raise AttributeError(name)
            raise NotSupportedError(f"{type(self).__name__}.{name}: nodes have none; run this on Docker")


@dataclass(frozen=True, slots=True)
class Network:
    """All nodes reach each other: a network is a name."""

    name: str
    attrs: Mapping[str, Any]
    id: str = field(default_factory=lambda: secrets.token_hex(32))

    def remove(self) -> None:
        """Nothing is there to be removed."""


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
        """Remove what is in it, too."""
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
        """The volume of this name; made where there is none, as Docker does."""
        return self._made[name] if name in self._made else self.create(name)
