"""Runs of Locust as processes of their own, for the tests of this folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "system_under_test" / "tutorial.toml"
WITHIN_S = 90.0


@contextmanager
def running(folder: Path, tmp: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run whose words are in `folder/said`, and whose temporary folder is `tmp`; whatever happens, its processes are gone after the block."""
    # Locust patches sockets where it is not told not to, as this process is.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    with (folder / "said").open("w") as said:
        run = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"), *arguments],
            cwd=folder,
            env=environment | {"TMPDIR": str(tmp)},
            stdout=subprocess.DEVNULL,
            stderr=said,
            text=True,
            start_new_session=True,
        )
    try:
        yield run
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def said(folder: Path) -> str:
    """What the run has said on standard error so far."""
    return (folder / "said").read_text()
