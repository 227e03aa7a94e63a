"""Keeps a live system up from test to test, and starts another where one cannot be tidied."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stormproof.brokers.redis.server import find_binary
from stormproof.engine.world import World
from stormproof.pytest_plugin.tested import Setting, Tested
from stormproof.session.episode import Episode, tidy
from stormproof.session.in_thread import Live
from stormproof.spec.description import described, load
from stormproof.spec.system import System


class Keeper:
    """Raises DescriptionError where `description` is none. `folder`: where histories and logs are while tests run."""

    def __init__(self, description: Any, folder: Path, config: pytest.Config) -> None:
        self._description = _system(description, config.rootpath)
        self._folder, self._binary = folder, find_binary()
        self._setting = Setting.of(config)
        self._live: Live | None = None
        self._world: World
        self._episode: Episode
        self._runs = list(range(1 << 16))
        random.SystemRandom().shuffle(self._runs)

    def lend(self, test: str) -> Tested:
        """The system, as a test wants to find it. Raises ComponentError, DescriptionError."""
        if self._live is None or not self._live.do(tidy(self._world)):
            self._start()
        live = self._live
        assert live is not None
        self._episode = live.do(self._begin())
        return Tested(live, self._world, self._episode, msgspec.structs.replace(self._setting, test=test), self._binary)

    async def _begin(self) -> Episode:
        episode = Episode(self._world, f"{self._runs.pop():04x}")
        await episode.begin()
        return episode

    def _start(self) -> None:
        self.stop()
        folder = self._folder / f"system-{len(list(self._folder.iterdir())) + 1}"
        folder.mkdir()
        live = Live(self._description, folder, self._binary)
        self._world, self._live = live.start(), live

    def stop(self) -> None:
        """End the system, where there is one."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _system(description: Any, root: Path) -> System:
    if isinstance(description, System):
        return description
    if isinstance(description, Mapping):
        return described(description, root, "stormproof_description")
    return load(Path(description))
