"""What a run ran on is asked of each component's interpreter, not assumed from the harness's."""

from __future__ import annotations

import stat
import sys
from importlib import metadata
from pathlib import Path

from stormproof.processes import packages
from stormproof.spec import description


def test_the_own_interpreter_is_asked_as_any_other() -> None:
    assert packages.of(sys.executable)["celery"] == metadata.version("celery")


def test_an_interpreter_without_them_names_none(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"python": "3.8.1"}\'\n', encoding="utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    assert packages.of(str(python)) == {"python": "3.8.1"}


def test_an_interpreter_that_cannot_be_asked_is_unknown(tmp_path: Path) -> None:
    assert packages.of(str(tmp_path / "none")) == {"python": "unknown"}


def test_each_component_has_its_own(tmp_path: Path) -> None:
    system = description.load(Path(__file__).parents[3] / "system_under_test" / "hardened.toml")
    api = system.components["api"].model_copy(update={"python": str(tmp_path / "none")})
    system = system.model_copy(update={"components": {**system.components, "api": api}})
    found = packages.of_components(system)
    assert found["api"] == {"python": "unknown"} and found["worker"]["celery"] == metadata.version("celery")
