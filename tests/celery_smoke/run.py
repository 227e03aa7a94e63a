"""Runs Celery's own smoke suite, as its source distribution ships it, on our nodes: `python tests/celery_smoke/run.py FOLDER redis`.

Not a line of the suite is changed and no test is run again. Of two things that the suite wants and the distribution omits, the Dockerfiles
are not needed; in the place of `t/smoke/redis.conf` an empty file is put, as the suite gives all settings on the command line, too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

PART = ["failover/test_worker_failover.py", "test_disabled_backend.py", "test_redis_backend_gevent.py"]
"""A worker is killed and restarted, there is no result backend, and a client uses gevent."""


def downloaded(version: str, folder: Path) -> Path:
    """The source distribution of that release, from the package index."""
    archive = folder / f"celery-{version}.tar.gz"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        "celery",
        "--dest",
        str(folder),
    ]
    if not archive.exists() and subprocess.run([*pip, f"celery=={version}"], check=False).returncode:
        sys.exit(f"the source distribution of celery {version} cannot be had from the package index; see above")
    return archive


def unpacked(archive: Path) -> Path:
    """Its tree, fresh, and with the file that it lacks."""
    with tarfile.open(archive) as packed:
        packed.extractall(archive.parent)
    tree = archive.with_name(archive.name.removesuffix(".tar.gz"))
    (tree / "t" / "smoke" / "redis.conf").write_text(
        "# Not in the source distribution; all settings are on the command line.\n"
    )
    return tree


def main() -> int:
    """Unknown arguments go to pytest. Returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the suite is kept, and the environments of its workers")
    parser.add_argument(
        "what",
        choices=["part", "redis", "whole"],
        help="a few tests, all that needs no broker but Redis, or everything",
    )
    parser.add_argument(
        "--celery", default=metadata.version("celery"), help="which release's suite; that of the installed Celery"
    )
    known, rest = parser.parse_known_args()
    folder = known.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    tree = unpacked(downloaded(known.celery, folder))
    chosen = [f"t/smoke/tests/{name}" for name in PART] if known.what == "part" else ["t/smoke"]
    chosen += ["--without-rabbitmq"] if known.what != "whole" else []
    env = {
        **os.environ,
        "PYTEST_PLUGINS": "stormproof.pytest_celery.plugin,counting",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    # Named, as pytest would look for a configuration in the folders above all that it is given, and might find this project's.
    own = ["-c", str(tree / "pyproject.toml"), "--rootdir", str(tree)]
    own += ["--nodes-cache", str(folder / "environments"), "--counts", str(folder / "counts.json"), "-rsxXf"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *chosen, *own, *rest], cwd=tree, env=env, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
