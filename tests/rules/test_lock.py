"""The lock has all that `pyproject.toml` wants and no more, and every environment of tox uses it but `newest`, which must not."""

from __future__ import annotations

import configparser
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests"))

import lock  # noqa: E402

PROJECT = tomllib.loads(lock.PROJECT.read_text(encoding="utf-8"))
LOCK = lock.LOCK.read_text(encoding="utf-8")
BOTH = pytest.mark.parametrize("path", lock.WANT, ids=lambda path: path.name)
RENEW = "run: tox run -e lock"


def wanted(project: dict[str, Any], path: Path) -> Iterator[Requirement]:
    """All that a project asks for of what this lock is for, but for its own extras."""
    extras, is_for = lock.WANT[path]
    # Packages are built in an environment of their own, which takes the first lock.
    builds = project["build-system"]["requires"] if path == lock.LOCK else []
    tables = [project["project"]["dependencies"], builds]
    tables += [project["project"]["optional-dependencies"][name] for name in extras]
    tables += [table for name, table in project["dependency-groups"].items() if is_for(name)]
    for requirement in (Requirement(line) for table in tables for line in table):
        if requirement.name != project["project"]["name"]:
            yield requirement


def missing(project: dict[str, Any], path: Path = lock.LOCK) -> list[str]:
    """What the lock does not have, or not as the project wants it, on this Python."""
    versions, found = lock.locked(path.read_text(encoding="utf-8")), []
    for each in wanted(project, path):
        version = versions.get(canonicalize_name(each.name))
        is_for_us = each.marker is None or each.marker.evaluate()
        if is_for_us and (version is None or not each.specifier.contains(version, prereleases=True)):
            found.append(str(each))
    return found


def superfluous(project: dict[str, Any], path: Path = lock.LOCK) -> set[str]:
    """What stands in the lock because the project wanted it once: uv notes behind each package who wants it."""
    names = {canonicalize_name(each.name) for each in wanted(project, path)}
    found, name = set(), ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line[0] not in "# ":
            name = line.partition("==")[0]
        elif "pyproject.toml" in line and name not in names:
            found.add(name)
    return found


def unlocked(tox: configparser.ConfigParser) -> set[str]:
    """The environments that could install what is not in the lock, or build with uv what was published after it."""
    base, found = tox["testenv"], set()
    for section in tox:
        if section == "pkgenv" or section.startswith("testenv"):
            constraints = tox[section].get("constraints", "" if section == "pkgenv" else base["constraints"])
            moment = tox[section].get("set_env", "" if section == "pkgenv" else base["set_env"])
            names = {path.name for path in lock.WANT} | {"{[testenv]constraints}", "{[testenv:cluster]constraints}"}
            is_locked = constraints in names
            knows = "{[testenv]set_env}" in moment or "UV_EXCLUDE_NEWER = " in moment
            if not (is_locked and knows) or {"deps", "install_command", "runner"} & set(tox[section]):
                found.add(section)
    return found


def configuration(more: str = "") -> configparser.ConfigParser:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read_string(lock.TOX.read_text(encoding="utf-8") + more)
    return tox


@BOTH
def test_the_lock_has_what_the_project_wants(path: Path) -> None:
    assert not missing(PROJECT, path), RENEW


@BOTH
def test_the_lock_has_nothing_that_the_project_wants_no_more(path: Path) -> None:
    assert not superfluous(PROJECT, path), RENEW


@pytest.mark.parametrize("line", ["no-such-package", "celery>=1000", "redis<1"])
def test_a_dependency_without_a_lock_would_be_seen(line: str) -> None:
    project = {**PROJECT, "dependency-groups": {"new": [line]}}
    assert missing(project) == [line]


def test_a_dependency_that_is_gone_would_be_seen() -> None:
    project = {**PROJECT, "dependency-groups": {**PROJECT["dependency-groups"], "lint": []}}
    assert "ruff" in superfluous(project)


def test_every_environment_uses_the_lock_but_newest() -> None:
    assert unlocked(configuration()) == {"testenv:newest"}
    assert "newest" not in configuration()["tox"]["env_list"]


@pytest.mark.parametrize("line", ["constraints =", "set_env = A = 1", "deps = celery", "constraints = other.txt"])
def test_an_environment_without_the_lock_would_be_seen(line: str) -> None:
    assert "testenv:new" in unlocked(configuration(f"\n[testenv:new]\n{line}\n"))


def test_tox_itself_comes_from_the_lock() -> None:
    command = next(line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.endswith("/tox"))
    assert f"pip install -q -c {lock.LOCK.name} tox tox-uv " in command
    assert {"tox", "tox-uv"} <= set(lock.locked(LOCK))


def test_a_renewed_lock_has_one_moment_to_write() -> None:
    assert len(lock.MOMENT.findall(lock.TOX.read_text(encoding="utf-8"))) == 1


def test_what_is_newer_than_the_lock_is_told() -> None:
    older = LOCK.replace(f"packaging=={lock.locked(LOCK)['packaging']}", "packaging==1.0")
    assert ("packaging", "1.0", metadata.version("packaging")) in set(lock.newer(older))
