"""The releases that an interpreter has of the packages that a run depends on."""

from __future__ import annotations

import functools
import json
import subprocess
import sys

from stormproof.spec.system import System

_ASK_S = 20.0
# Runs in the component's interpreter, which may be as old as 3.7.
_ASK = """
import json, platform
try:
    from importlib import metadata
except ImportError:
    import importlib_metadata as metadata
found = {"python": platform.python_version()}
for name in ("stormproof", "celery", "kombu", "rq", "redis"):
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@functools.cache
def of(python: str = sys.executable) -> dict[str, str]:
    """Package -> release of those that are installed, and `python`; `{"python": "unknown"}` if the interpreter cannot
    be asked.
    """
    try:
        asked = subprocess.run([python, "-I", "-c", _ASK], capture_output=True, timeout=_ASK_S, check=True)
        return {str(name): str(release) for name, release in json.loads(asked.stdout).items()}
    except (OSError, ValueError, subprocess.SubprocessError):
        return {"python": "unknown"}


def of_components(system: System) -> dict[str, dict[str, str]]:
    """Component -> the packages of its interpreter. Each interpreter is asked once."""
    return {name: of(system.program(part.python)) for name, part in system.components.items()}
