"""A node's `/tmp` is its own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from stormproof.pytest_celery import private_tmp

where_allowed = pytest.mark.skipif(not private_tmp.available(), reason="this machine allows no mount namespaces")


@pytest.mark.skipif(not shutil.which("unshare"), reason="there is no unshare to compare with")
def test_it_is_available_where_util_linux_says_that_it_is() -> None:
    flags = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    allowed = subprocess.run(["unshare", *flags, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    assert private_tmp.available() == allowed


def run(code: str, folder: Path, kept: list[Path]) -> str:
    enter = private_tmp.entering(folder, [*kept, Path(sys.prefix), Path(sys.base_prefix)])
    return subprocess.run(
        [sys.executable, "-c", code], preexec_fn=enter, capture_output=True, text=True, check=True
    ).stdout


@where_allowed
def test_what_is_written_to_tmp_is_in_the_folder_and_not_on_the_machine(tmp_path: Path) -> None:
    name = f"marker-{secrets.token_hex(8)}"
    run(f"open('/tmp/{name}', 'w').write('x')", tmp_path, [])
    assert (tmp_path / name).read_text() == "x"
    assert not Path("/tmp", name).exists()


@where_allowed
def test_what_is_kept_stays_visible_and_its_neighbours_do_not(tmp_path: Path) -> None:
    kept, hidden, folder = tmp_path / "kept", tmp_path / "hidden", tmp_path / "own"
    for made in (kept, hidden, folder):
        made.mkdir()
    assert tmp_path.is_relative_to("/tmp")
    said = run(f"import os; print(os.path.exists({str(kept)!r}), os.path.exists({str(hidden)!r}))", folder, [kept])
    assert said.split() == ["True", "False"]
