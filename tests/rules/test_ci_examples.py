"""The jobs that a user pastes parse, upload what their command writes, and use options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from stormproof.cli.main import app

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "ci.md"
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yml"))


def lines_of(job: Any) -> list[str]:
    """The shell lines of a GitHub or a GitLab job."""
    return [step["run"] for step in job["steps"] if "run" in step] if "steps" in job else list(job["script"])


def job_in(path: Path) -> Any:
    text = yaml.safe_load(path.read_text())
    return text.get("jobs", text)["storms"]


def uploaded(job: Any) -> set[str]:
    if "artifacts" in job:
        return {*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]}
    (upload,) = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert upload["if"] == "always()"
    return set(upload["with"]["path"].split())


def parsed(line: str) -> click.Context:
    """The command of a line, parsed and not run. Raises click.UsageError for an option that does not exist."""
    program, name, *rest = shlex.split(line)
    assert program == "stormproof"
    command = app.get_command(click.Context(app), name)
    assert command is not None
    return command.make_context(name, rest)


def test_there_is_an_example_of_each() -> None:
    assert [path.name for path in EXAMPLES] == ["github.yml", "gitlab.yml"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_page_shows_the_example_word_for_word(path: Path) -> None:
    assert f"```yaml\n{path.read_text()}```" in PAGE.read_text()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_job_installs_runs_and_uploads_what_the_run_writes(path: Path) -> None:
    job = job_in(path)
    install, storm = lines_of(job)
    assert install.split() == ["pip", "install", "-r", "requirements.txt", "vendor/stormproof-*.whl"]
    assert "pip wheel --no-deps -w vendor " in PAGE.read_text()
    given = parsed(storm).params
    written = {str(given["junit_path"]), f"{given['runs']}/"} | (
        {str(given["summary_path"])} if given["summary_path"] else set()
    )
    assert written == uploaded(job)


@pytest.mark.parametrize("page", [PAGE, ROOT / "docs" / "compare.md"], ids=lambda path: path.name)
def test_each_command_in_the_page_has_its_options(page: Path) -> None:
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)).replace("$seed", "1")
    commands = re.findall(r"^ *(stormproof [^|\n]+)", shell, re.MULTILINE)
    assert commands
    for line in commands:
        parsed(line)


def test_an_option_that_does_not_exist_would_be_seen() -> None:
    with pytest.raises(click.UsageError):
        parsed("stormproof run chaos --junitxml x")
