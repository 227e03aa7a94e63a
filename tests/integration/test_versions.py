"""One pair of versions for real, and what the command says to bad input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def matrix(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stormproof", "matrix", "--runs", str(folder / "runs"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=ROOT)


def test_a_rejected_task_is_told_apart_on_two_versions(tmp_path: Path) -> None:
    done = matrix(tmp_path, "--only", "reject-pending")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "celery-563" in done.stdout and "2 of 2 runs were as expected." in done.stdout


def test_a_package_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    text = (ROOT / "matrix.toml").read_text(encoding="utf-8").replace("celery==5.6.3", "celery==0.0.0.1")
    path = tmp_path / "matrix.toml"
    path.write_text(text, encoding="utf-8")
    done = matrix(tmp_path, "--file", str(path), "--cache", str(tmp_path / "cache"))
    assert done.returncode == 254 and len(done.stderr.splitlines()) == 1
    assert "'celery-563'" in done.stderr
