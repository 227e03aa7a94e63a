"""How the probe comes into a process of the system's, and what it leaves alone there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stormproof.frameworks.rq.framework import RqFramework

WATCHED = "import rq.worker; print(hasattr(rq.worker.BaseWorker.perform_job, '__wrapped__'))"


def run(folder: Path, code: str, *others: Path, **told: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (folder, *others)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STORMPROOF_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": path, **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ours = tmp_path / "ours"
    ours.mkdir()
    RqFramework().probe(ours)
    return ours


def test_rq_is_watched_where_a_journal_is_asked_for_and_only_there(folder: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    watched = run(folder, WATCHED, STORMPROOF_JOURNAL=str(journal))
    assert (watched.stdout, watched.stderr) == ("True\n", "")
    assert not journal.exists()  # A process that imports RQ is no worker yet.
    assert run(folder, WATCHED).stdout == "False\n"
    assert run(folder, "import sys; print('stormproof_probe' in sys.modules)").stdout == "False\n"


def test_a_process_without_rq_imports_nothing_of_it(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys; print([name for name in sys.modules if name.partition('.')[0] in ('rq', 'redis', 'stormproof')])"
    )
    assert run(folder, code, STORMPROOF_JOURNAL=str(tmp_path / "journal")).stdout == "[]\n"


def test_the_next_sitecustomize_is_run_and_takes_the_name(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("MINE = True\n")
    code = "import sitecustomize; print(sitecustomize.MINE, sitecustomize.__file__)"
    said = run(folder, code, own, STORMPROOF_JOURNAL=str(tmp_path / "journal"))
    assert (said.stdout, said.stderr) == (f"True {own / 'sitecustomize.py'}\n", "")


def test_a_next_sitecustomize_that_fails_is_told_as_python_tells_it_and_rq_is_watched(
    folder: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("1 / 0\n")
    said = run(folder, WATCHED, own, STORMPROOF_JOURNAL=str(tmp_path / "journal"))
    assert said.stdout == "True\n"
    assert "ZeroDivisionError" in said.stderr


def test_a_probe_that_cannot_be_loaded_is_told_and_hurts_nobody(folder: Path, tmp_path: Path) -> None:
    (folder / "stormproof_probe.py").write_text("1 / 0\n")
    said = run(folder, WATCHED, STORMPROOF_JOURNAL=str(tmp_path / "journal"))
    assert said.stdout == "False\n"
    assert said.stderr == "stormproof probe: cannot be loaded: ZeroDivisionError: division by zero\n"


def test_a_release_of_rq_that_cannot_be_watched_is_told_and_works(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "rq"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    (other / "worker.py").write_text("DONE = True\n")
    said = run(folder, "import rq.worker; print(rq.worker.DONE)", other.parent, STORMPROOF_JOURNAL=str(tmp_path / "j"))
    assert said.stdout == "True\n"
    assert "cannot watch this release of rq.worker: AttributeError" in said.stderr
