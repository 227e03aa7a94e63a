"""A package of an extra that is missing is told in one line that says what to install, wherever it is missed; and the extras are what the
harness imports.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import stormproof
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from stormproof.errors import EXTRAS, MissingPackageError, UsageError, on_purpose, require

ROOT = Path(__file__).parents[2]
HARNESS = Path(stormproof.__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PARTS = {"fastapi": {"starlette"}, "jinja2": {"markupsafe"}, "pytest-celery": {"docker", "pytest-docker-tools"}}
"""What comes with a distribution, and is imported as if it were a part of it."""


def without(package: str, code: str) -> subprocess.CompletedProcess[str]:
    """What a process says in which this package is not installed."""
    blocked = f"import sys\nsys.modules[{package!r}] = None\n{code}"
    # Hypothesis' own plugin would not load; nothing else of other packages' plugins matters here.
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run([sys.executable, "-c", blocked], env=environ, capture_output=True, text=True, check=False)


def dependencies() -> set[str]:
    """The distributions that every installation has."""
    return {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}


def requirements(extra: str) -> set[str]:
    """The distributions that an extra names, with those of the extras that it names."""
    found = set()
    for each in map(Requirement, PROJECT["optional-dependencies"][extra]):
        named = (
            {canonicalize_name(each.name)}
            if each.name != "stormproof"
            else set().union(*map(requirements, each.extras))
        )
        found |= named
    return found


def test_a_missing_package_is_a_users_mistake_and_an_import_error() -> None:
    error = MissingPackageError("bokeh")
    assert isinstance(error, UsageError) and isinstance(error, ImportError)
    assert (str(error), error.name) == (
        "this needs bokeh, which is not installed: pip install 'stormproof[report]'",
        "bokeh",
    )
    require("celery")


def test_an_import_that_failed_deep_inside_is_told_like_it_and_any_other_is_none_of_ours() -> None:
    deep = ExceptionGroup("", [ModuleNotFoundError("no", name="bokeh.plotting")])
    assert str(on_purpose(deep)) == str(MissingPackageError("bokeh"))
    asked = MissingPackageError("hypothesis", "stormproof.serializers.strategies")
    assert on_purpose(asked) is asked
    assert on_purpose(ModuleNotFoundError("no", name="shop")) is None


def test_the_strategies_say_what_they_need() -> None:
    done = without("hypothesis", "from stormproof.serializers.strategies import values")
    said = (
        "stormproof.serializers.strategies needs hypothesis, which is not installed: pip install 'stormproof[random]'"
    )
    assert done.stderr.splitlines()[-1].partition(": ")[2] == said


def test_a_test_of_serializers_says_what_it_needs_and_shows_no_traceback(tmp_path: Path) -> None:
    test = "import stormproof\n\n@stormproof.check_serialization('shop:app')\ndef test_tasks(task): ...\n"
    (tmp_path / "test_shop.py").write_text(test)
    arguments = ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = without("hypothesis", f"import pytest\nsys.exit(pytest.main({arguments!r}))")
    said = "check_serialization: this needs hypothesis, which is not installed: pip install 'stormproof[random]'"
    assert done.returncode == pytest.ExitCode.INTERRUPTED, done.stdout
    assert said in done.stdout.splitlines() and "Traceback" not in done.stdout + done.stderr


def test_the_plugin_for_pytest_celery_says_what_it_needs_in_one_line(tmp_path: Path) -> None:
    code = f"import pytest\nsys.exit(pytest.main(['-p', 'stormproof.pytest_celery.plugin', {str(tmp_path)!r}]))"
    done = without("docker", code)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    said = "ERROR: stormproof: this needs docker, which is not installed: pip install 'stormproof[cluster]'"
    assert done.stderr.strip() == said


def test_all_has_every_extra() -> None:
    (everything,) = map(Requirement, PROJECT["optional-dependencies"]["all"])
    assert everything.extras == {*PROJECT["optional-dependencies"]} - {"all"}


def third_party() -> dict[str, set[str]]:
    """Each package of others that the harness imports -> the distributions that may have it."""
    known, found = metadata.packages_distributions(), set()
    for path in HARNESS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {name.partition(".")[0] for name in names}
    # pytest loads the plugins, and has to be there; a worker finds its probe beside the module that loads it.
    found -= {*sys.stdlib_module_names, "stormproof", "stormproof_probe", "pytest", ""}
    return {name: {canonicalize_name(each) for each in known.get(name, [name])} for name in found}


def test_what_the_harness_imports_is_a_dependency_or_told_with_its_extra() -> None:
    missing = []
    for name, distributions in third_party().items():
        has = requirements(EXTRAS[name]) if name in EXTRAS else dependencies()
        parts = set().union(*(PARTS.get(each, set()) for each in has))
        if not distributions & (has | parts):
            missing.append(name)
    assert missing == []


def test_what_an_extra_has_is_no_dependency() -> None:
    assert not {canonicalize_name(package) for package in EXTRAS} & dependencies()
