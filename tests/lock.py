"""The lock of all that tox installs: `tox run -e lock` renews it, and `tox run -e newest` says what is newer.

The lock has three parts. `constraints.txt` names one version of each package, for every Python that is supported. So does
`constraints-smoke.txt`, for the environments with Celery's smoke suite: all vendors of pytest-celery want an older urllib3 than Locust.
The moment in `tox.ini` (`UV_EXCLUDE_NEWER`) is for the environments that tests build themselves, with other releases of Celery: uv
takes nothing that was published later.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK, SMOKE, TOX, PROJECT = (
    ROOT / name for name in ("constraints.txt", "constraints-smoke.txt", "tox.ini", "pyproject.toml")
)
WANT = {
    LOCK: (("cluster", "load", "random", "reference", "report", "rq", "serve"), lambda group: group != "smoke"),
    SMOKE: (("cluster", "random", "reference", "report", "rq"), lambda group: group in ("smoke", "test")),
}
"""The extras that a lock is for, and whether it is for a group of dependencies."""
MOMENT = re.compile(r"(?<=UV_EXCLUDE_NEWER = )\S+")


def renew(upgrade: bool) -> int:
    """Adds what `pyproject.toml` wants and the lock lacks; `upgrade`: takes the newest of everything. Returns uv's exit code."""
    tox = TOX.read_text(encoding="utf-8")
    if upgrade:
        tox = MOMENT.sub(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", tox)
    (moment,) = MOMENT.findall(tox)
    groups = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["dependency-groups"]
    for lock, (extras, is_for) in WANT.items():
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.11", PROJECT.name]
        command += [*(f"--extra={name}" for name in extras), *(f"--group={name}" for name in groups if is_for(name))]
        command += [
            f"--exclude-newer={moment}",
            f"--output-file={lock.name}",
            "--custom-compile-command=tox run -e lock",
        ]
        if code := subprocess.run([*command, *(["--upgrade"] if upgrade else [])], cwd=ROOT, check=False).returncode:
            return code
    TOX.write_text(tox, encoding="utf-8")
    return 0


def locked(text: str) -> dict[str, str]:
    """The version of each package in a lock, for this Python."""
    lines = [Requirement(line) for line in text.splitlines() if line and not line.startswith(("#", " "))]
    return {each.name: str(each.specifier)[2:] for each in lines if each.marker is None or each.marker.evaluate()}


def newer(text: str) -> Iterator[tuple[str, str, str]]:
    """Package, version in the lock, and version in this environment, where these differ."""
    versions = locked(text)
    for each in metadata.distributions():
        name = canonicalize_name(each.name)
        if name != "stormproof" and versions.get(name) != each.version:
            yield name, versions.get(name, "-"), each.version


def main() -> int:
    """`renew`, `renew --upgrade` or `newest`. Returns an exit code."""
    if sys.argv[1] == "renew":
        return renew("--upgrade" in sys.argv)
    for row in [("package", "locked", "newest"), *sorted(newer(LOCK.read_text(encoding="utf-8")))]:
        print("{:30} {:20} {}".format(*row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
