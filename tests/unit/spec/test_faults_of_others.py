"""A fault that another package brings, by an entry point: found beside ours, stored and read again, and refused in one line where it is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = '''
from contextlib import asynccontextmanager

from stormproof import Fault


class Unplug(Fault, frozen=True, kw_only=True, tag="unplug"):
    """Nothing comes out of the wall."""

    component: str = "redis"

    @asynccontextmanager
    async def strike(self, target):
        yield lambda: "dark"
'''
ASK = """
from stormproof.errors import UsageError
from stormproof.spec import faults
try:
    print(*[kind.__struct_config__.tag for kind in faults.kinds()])
    print(faults.decode_fault({"fault": "unplug", "component": "redis.broker"}))
except UsageError as error:
    print(error)
"""


def ask(folder: Path, module: str, *points: str) -> list[str]:
    """What a process says in which a package of these entry points is installed."""
    (folder / "plugs.py").write_text(module)
    installed = folder / "plugs-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: plugs\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("\n".join(["[stormproof.faults]", *points, ""]))
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_fault_of_another_package_is_one_of_the_faults(tmp_path: Path) -> None:
    kinds, decoded = ask(tmp_path, MODULE, "unplug = plugs:Unplug")
    assert {"unplug", "kill", "reset"} <= set(kinds.split())
    assert decoded == "Unplug(component='redis.broker')"


@pytest.mark.parametrize(
    ("module", "point", "says"),
    [
        (MODULE, "unplug = plugs:Plug", "the entry point 'unplug' of stormproof.faults cannot be loaded: AttributeError: "),
        (MODULE, "unplug = plugs:asynccontextmanager", "name a subclass of stormproof.Fault"),
        (MODULE.replace('"unplug"', '"kill"'), "unplug = plugs:Unplug", "there is a fault 'kill' already; give it another tag"),
    ],
    ids=["absent", "no fault", "taken"],
)  # fmt: skip
def test_an_entry_point_that_is_wrong_is_named_in_one_line(tmp_path: Path, module: str, point: str, says: str) -> None:
    (line,) = ask(tmp_path, module, point)
    assert "'unplug' of stormproof.faults" in line
    assert says in line
