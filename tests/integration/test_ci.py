"""The workflow that a user pastes, as GitHub runs it: a storm on the tutorial, and what a build is told of it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "system_under_test" / "tutorial.toml"


def on_github(*words: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stormproof", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(cwd), **env},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A user's: the tutorial, one scenario, and the description where the example has it."""
    (tmp_path / "chaos").mkdir()
    shutil.copy(ROOT / "chaos" / "worker_killed.py", tmp_path / "chaos")
    shutil.copytree(ROOT / "system_under_test" / "tutorial", tmp_path / "tutorial")
    shutil.copy(TUTORIAL, tmp_path / "stormproof.toml")
    return tmp_path


def test_the_example_workflow_tells_of_the_task_that_the_tutorial_loses(repository: Path) -> None:
    workflow = yaml.safe_load((ROOT / "docs" / "examples" / "github.yml").read_text())
    (line,) = [
        step["run"] for step in workflow["jobs"]["storms"]["steps"] if step.get("run", "").startswith("stormproof")
    ]
    page = repository / "step.md"
    result = on_github(*shlex.split(line)[1:], "--state", "idle", cwd=repository, GITHUB_STEP_SUMMARY=str(page))
    assert result.returncode == 1, result.stderr
    (annotation,) = [said for said in result.stdout.splitlines() if said.startswith("::")]
    assert annotation.startswith("::error title=worker_killed")
    assert ",file=chaos/worker_killed.py::lost: storm-" in annotation
    assert "%0Areplay: stormproof replay runs/" in annotation
    assert "1 run: 1 invalid" in page.read_text()
    assert "- **lost**, by `no_task_lost`" in page.read_text()
    cases = ET.parse(repository / "storms.xml").findall("testsuite/testcase")
    assert [case.get("name") for case in cases if case.find("failure") is not None].count("no_task_lost") == 1
    (folder,) = (repository / "runs").iterdir()
    again = on_github("analyze", folder, "--json", cwd=repository)
    assert again.returncode == 1
    (run,) = json.loads(again.stdout)
    assert (run["status"], run["folder"]) == ("invalid", str(folder))
    assert run["versions"]["celery"] and run["versions"]["components"]["worker"]["celery"]
    assert "::error title=" in again.stderr


def test_nothing_that_others_print_is_a_command(repository: Path) -> None:
    story = repository / "chaos" / "worker_killed.py"
    story.write_text('print("::error::forged")\nprint("  ##[error]forged", end="")\n' + story.read_text())
    result = on_github("run", "chaos", "--system", "nothing.toml", "--state", "idle", cwd=repository)
    assert result.returncode == 254
    result = on_github("run", "chaos", "--lanes", "99", cwd=repository)
    assert result.returncode == 254
    result = on_github("run", "chaos", cwd=repository, STORMPROOF_REDIS="/nowhere/redis-server")
    assert result.returncode == 254
    assert result.stdout == ": :error::forged\n  ## [error]forged"


@pytest.mark.parametrize("option", ["--junit", "--summary"])
def test_a_file_that_cannot_be_written_is_one_line_before_anything_runs(repository: Path, option: str) -> None:
    result = on_github("run", "chaos", option, repository, cwd=repository)
    assert result.returncode == 254
    assert result.stdout == ""
    assert result.stderr == f"stormproof: {option} {repository}: cannot be written: it is no file; name another\n"
    assert not (repository / "runs").exists()
