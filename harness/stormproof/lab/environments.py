"""Builds the environments of a matrix with uv. They are cached in a folder under a hash of their content, built atomically."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stormproof.errors import StormproofError, UsageError
from stormproof.lab.versions import Environment


def key(environment: Environment, common: tuple[str, ...]) -> str:
    """Hash what identifies an environment: interpreter, packages, and the time after which uv ignores releases."""
    parts = [environment.python or sys.executable, *sorted(environment.packages), "", *sorted(common)]
    if moment := os.environ.get("UV_EXCLUDE_NEWER"):
        parts.append(f"before {moment}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def build(name: str, environment: Environment, common: tuple[str, ...], cache: Path) -> str:
    """Return the environment's interpreter, building it if it does not exist. Raises UsageError if uv cannot build it."""
    if not environment.packages:
        return sys.executable
    folder = (cache / key(environment, common)).absolute()
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # Beside its place, and relocatable: renamed when it is whole.
        made = Path(tempfile.mkdtemp(prefix="making-", dir=cache)) / "environment"
        try:
            python = environment.python or sys.executable
            _uv(name, "venv", "--quiet", "--relocatable", "--python", python, str(made))
            interpreter = str(made / "bin" / "python")
            # Compiled once: workers that may not write bytecode would compile all of it at each start.
            _uv(
                name,
                "pip",
                "install",
                "--quiet",
                "--compile-bytecode",
                "--python",
                interpreter,
                *environment.packages,
                *common,
            )
            try:
                made.rename(folder)
            except OSError:
                # Another process has built the same meanwhile, and was first.
                if not folder.exists():
                    raise
        finally:
            shutil.rmtree(made.parent, ignore_errors=True)
    return str(folder / "bin" / "python")


def releases(package: str, after: str, until: str) -> list[str]:
    """Return the releases in the package index after one release and up to another, the oldest first, without pre-releases.

    Raises UsageError.
    """
    found = [after]
    while found[-1] != until:
        # The index is asked through uv, which knows where it is and what this interpreter can use.
        wanted = f"{package}>{found[-1]},<={until}"
        said = _uv(wanted, "pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-annotate", "--resolution", "lowest", "-",
                   typed=wanted)  # fmt: skip
        found.append(said.strip().partition("==")[2])
    return found[1:]


def _uv(name: str, *arguments: str, typed: str = "") -> str:
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        raise StormproofError("uv is not on PATH; install it: pip install uv")
    # An index that must fetch an old release first answers late.
    environ = {"UV_HTTP_TIMEOUT": "180", **os.environ}
    done = subprocess.run([found, *arguments], input=typed, capture_output=True, text=True, check=False, env=environ)
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise UsageError(f"environment {name!r} cannot be built: {said}")
    return done.stdout
