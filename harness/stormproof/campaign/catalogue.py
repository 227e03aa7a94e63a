"""Finds scenarios in files: a scenario file is a Python module with a value named `scenario`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

import msgspec

from stormproof.errors import ScenarioError
from stormproof.spec.scenario import Scenario

_CURE = "What cures it: "


def load(path: Path) -> Scenario:
    """Load the scenario in a file. Raises ScenarioError that names the file and the fix."""
    if not path.is_file():
        near = ", ".join(sorted(found.stem for found in path.parent.glob("*.py") if not found.stem.startswith("_")))
        raise ScenarioError(f"{path}: no such scenario file" + (f"; there: {near}" if near else ""))
    spec = importlib.util.spec_from_file_location(f"stormproof_scenario_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ScenarioError(f"{path}: a scenario file ends in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ScenarioError(f"{path}: cannot be imported: {type(error).__name__}: {error}") from error
    scenario = getattr(module, "scenario", None)
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"{path}: has no value `scenario` of type stormproof.Scenario")
    if scenario.name != path.stem:
        raise ScenarioError(f"{path}: its scenario is named {scenario.name!r}; name it as the file, {path.stem!r}")
    return msgspec.structs.replace(scenario, cure=_cure(module.__doc__ or ""))


def _cure(story: str) -> str:
    paragraphs = (" ".join(paragraph.split()) for paragraph in story.split("\n\n"))
    return next((text.removeprefix(_CURE) for text in paragraphs if text.startswith(_CURE)), "")


def load_folder(folder: Path) -> list[Scenario]:
    """Load all scenarios of a folder, ordered by file name. Raises ScenarioError, also if there is none."""
    paths = sorted(path for path in folder.glob("*.py") if not path.stem.startswith("_"))
    if not paths:
        raise ScenarioError(f"{folder}: no scenario files there; run from a clone of the repository, or name a folder")
    return [load(path) for path in paths]


def files(scenarios: Iterable[Scenario], folder: Path) -> dict[str, Path]:
    """Return name -> file for scenarios that were loaded from a folder."""
    return {scenario.name: folder / f"{scenario.name}.py" for scenario in scenarios}
