"""Keeps a live system running from test to test, and starts a new one if the old one cannot be cleaned up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stormproof.brokers.programs import find_binary
from stormproof.pytest_plugin.tested import Setting, Tested
from stormproof.session.in_thread import Live
from stormproof.session.session import Session
from stormproof.spec.description import described, load
from stormproof.spec.system import System


class Keeper:
    """Raises DescriptionError if `description` is not one. `folder`: where histories and logs are while tests run."""

    def __init__(self, description: Any, folder: Path, config: pytest.Config) -> None:
        self._description = _system(description, config.rootpath)
        self._folder, self._binary = folder, find_binary()
        self._setting = Setting.of(config)
        self._live: Live | None = None
        self._session: Session

    def lend(self, test: str) -> Tested:
        """Return the system, ready for a test. Raises ComponentError, DescriptionError."""
        if self._live is None or not self._live.do(self._session.tidy()):
            self._start()
        live = self._live
        assert live is not None
        live.do(self._session.begin())
        return Tested(live, self._session, msgspec.structs.replace(self._setting, test=test))

    def _start(self) -> None:
        self.stop()
        folder = self._folder / f"system-{len(list(self._folder.iterdir())) + 1}"
        folder.mkdir()
        live = Live(self._description, folder, self._binary, self._setting.seed)
        self._session, self._live = live.start(), live

    def stop(self) -> None:
        """Stop the system, if there is one."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _system(description: Any, root: Path) -> System:
    if isinstance(description, System):
        return description
    if isinstance(description, Mapping):
        return described(description, root, "stormproof_description")
    return load(Path(description))
