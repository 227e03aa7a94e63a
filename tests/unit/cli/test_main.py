"""The list of commands: each is a file of its own, told in one line, and costs nothing until it is given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from stormproof.cli import main
from stormproof.errors import EXTRAS

CLI = Path(main.__file__).parent
CLIENTS = {"aiosmtpd", "bokeh", "celery", "fastapi", "httpx", "hypothesis", "kombu", "psutil", "redis"}


def loaded(code: str) -> set[str]:
    """The packages that are loaded after a process has run this."""
    ask = f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_command_is_a_file_and_says_the_same_name(name: str) -> None:
    found = main.app.get_command(click.Context(main.app), name)
    assert found is not None
    assert found.name == name
    assert found.help
    assert main.COMMANDS[name].endswith(".")


def test_each_file_with_a_command_is_listed() -> None:
    with_command = {path.stem for path in CLI.glob("*.py") if "\n@click.command(" in path.read_text()}
    assert with_command == set(main.COMMANDS)


def test_help_has_a_line_for_each_command() -> None:
    told = CliRunner().invoke(main.app, ["--help"]).output
    for name, line in main.COMMANDS.items():
        assert f"  {name} " in told
        assert line[:40] in told


def test_a_command_that_does_not_exist_is_named() -> None:
    found = CliRunner().invoke(main.app, ["fly"])
    assert "No such command 'fly'" in found.output


@pytest.mark.parametrize(
    "code",
    [
        "from stormproof.cli.main import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass",
        "import stormproof.checks",
        "import stormproof.spec.scenario",
        "import stormproof.history",
    ],
    ids=["help", "checks", "scenarios", "history"],
)
def test_what_needs_no_client_loads_none(code: str) -> None:
    assert not loaded(code) & CLIENTS


def test_no_package_of_an_extra_is_loaded_with_a_command_nor_with_the_fixtures() -> None:
    modules = [f"stormproof.cli.{name}" for name in main.COMMANDS]
    modules += [f"stormproof.pytest_plugin.{name}" for name in ("keeper", "scenarios", "storm", "tested", "valid")]
    modules += ["stormproof.report.html", "stormproof.serializers.decorator", "stormproof.session.remote"]
    packages = loaded(f"import {', '.join(modules)}")
    assert "httpx" in packages
    assert not packages & {*EXTRAS}


def test_what_an_extra_is_for_would_be_seen() -> None:
    assert "hypothesis" in loaded("import stormproof.search.random_storm")


def test_a_client_that_is_loaded_would_be_seen() -> None:
    assert "redis" in loaded("import stormproof.brokers.redis.server")
