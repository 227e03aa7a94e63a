"""Lower layers know nothing of upper ones, and the systems under test know nothing of us."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import stormproof

ROOT = Path(__file__).parents[2]


def imported(source: str) -> set[str]:
    """The modules that a source imports, and for `from m import n` also `m.n`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_modules_import_from_lower_layers_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_an_import_from_an_upper_layer_would_be_caught(tmp_path: Path) -> None:
    package = tmp_path / "toy"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "low.py").write_text("from toy import high\n")
    (package / "high.py").touch()
    contract = "[importlinter]\nroot_package = toy\n[importlinter:contract:1]\nname = l\ntype = layers\nlayers =\n  toy.high\n  toy.low\n"
    (tmp_path / ".importlinter").write_text(contract)
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint, "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert result.returncode == 1, result.stdout


PACKAGE = ROOT / "harness" / "stormproof"
PURE = [
    *(path for path in (PACKAGE / "wire").rglob("*.py") if path.name != "server.py"),
    *(PACKAGE / "checks").glob("*.py"),
    *(PACKAGE / "sweep" / name for name in ("points.py", "cells.py", "outcome.py")),
]
OF_THE_WORLD = {"asyncio", "socket", "ssl", "redis", "subprocess", "httpx", "uvloop", "time"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_pure_touches_neither_clock_nor_network_nor_process(path: Path) -> None:
    assert not imported(path.read_text()) & OF_THE_WORLD


@pytest.mark.parametrize(
    "path", sorted((ROOT / "system_under_test").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_system_under_test_imports_nothing_of_ours(path: Path) -> None:
    assert not {name for name in imported(path.read_text()) if name.partition(".")[0] == "stormproof"}


@pytest.mark.parametrize("path", sorted((ROOT / "chaos").glob("*.py")), ids=lambda p: p.name)
def test_a_scenario_uses_the_public_names_only(path: Path) -> None:
    ours = {name for name in imported(path.read_text()) if name.partition(".")[0] == "stormproof"}
    assert ours <= {"stormproof", *(f"stormproof.{name}" for name in stormproof.__all__)}


def test_imports_are_found_in_all_their_forms() -> None:
    assert imported("import a.b\nfrom c import d\n") == {"a.b", "c", "c.d"}
