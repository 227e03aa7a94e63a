"""The package as `pip install stormproof` leaves it, in an environment of its own: a system whose Celery is in another interpreter is
stormed, judged and reported, and what needs an extra says which.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from stormproof.cli.main import COMMANDS
from stormproof.errors import EXTRAS

ROOT = Path(__file__).parents[2]
SYSTEM = ROOT / "system_under_test" / "plain"
HEAVY = {"bokeh", "hypothesis", "numpy", "fastapi", "uvicorn", "docker"}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment in which the built wheel is, and what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert uv is not None
    lock = ROOT / "constraints.txt"

    def run(*words: object) -> None:
        done = subprocess.run([uv, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    run("build", "--quiet", "--wheel", "--build-constraints", lock, "--out-dir", folder / "dist")
    (wheel,) = (folder / "dist").glob("*.whl")
    run("venv", "--quiet", "--python", sys.executable, folder / "environment")
    python = folder / "environment" / "bin" / "python"
    run("pip", "install", "--quiet", "--python", python, "--constraints", lock, wheel)
    return python.parent


def stormproof(bare: Path, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """The command, in this folder; nothing of the environment of the tests leads it astray."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [bare / "stormproof", *map(str, words)]
    return subprocess.run(
        command,
        cwd=folder,
        env={**environ, "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def describe(folder: Path) -> Path:
    """The plain system, whose processes run in the interpreter of the tests."""
    (folder / "plain").symlink_to(SYSTEM)
    text = SYSTEM.with_suffix(".toml").read_text()
    for name in ("api", "worker"):
        head = f"[components.{name}]\n"
        assert head in text
        text = text.replace(head, f'{head}python = "{sys.executable}"\n')
    path = folder / "plain.toml"
    path.write_text(text)
    return path


def test_nothing_of_an_extra_is_installed(bare: Path) -> None:
    ask = f"from importlib.util import find_spec; print(*(name for name in {sorted(HEAVY | {*EXTRAS})!r} if find_spec(name)))"
    found = subprocess.run([bare / "python", "-c", ask], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_the_harness_can_publish_with_any_serializer_of_kombu(bare: Path) -> None:
    ask = "from kombu.serialization import dumps\nfor name in ('json', 'pickle', 'yaml', 'msgpack'): dumps({'key': 'a'}, name)"
    done = subprocess.run([bare / "python", "-c", ask], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_system_with_celery_elsewhere_is_stormed_judged_and_reported_without_plots(
    bare: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    ran = stormproof(bare, tmp_path, "run", ROOT / "chaos" / "calm.py", "--system", describe(tmp_path), "--runs", runs)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    (folder,) = runs.iterdir()
    page = folder / "report.html"
    for command in ("analyze", "report"):
        page.unlink()
        done = stormproof(bare, tmp_path, command, folder)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        text = page.read_text()
        assert f"pip install 'stormproof[report]'</code>, and <code>stormproof report {folder}" in text
        assert "<script" not in text and "What was done" in text
    nothing = stormproof(bare, tmp_path, "shrink", folder)
    assert nothing.returncode == 254 and nothing.stderr.strip().endswith("there is nothing to shrink")


def test_the_help_of_every_command_needs_no_extra(bare: Path, tmp_path: Path) -> None:
    assert "Storms for task systems" in stormproof(bare, tmp_path, "--help").stdout
    ask = "import sys\nfrom stormproof.cli.main import app, COMMANDS\nfor name in COMMANDS: app([name, '--help'], standalone_mode=False)"
    done = subprocess.run([bare / "python", "-c", ask], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage:") == len(COMMANDS)


@pytest.mark.parametrize(
    ("words", "package", "extra"),
    [
        (["run", "--storm", "5", "--system", "plain.toml"], "hypothesis", "random"),
        (["serial", "--app", "plain.worker:app"], "hypothesis", "random"),
        (["serve", "--port", "0"], "fastapi", "serve"),
    ],
    ids=["random storm", "serial", "serve"],
)
def test_what_needs_an_extra_says_which_in_one_line(
    bare: Path, tmp_path: Path, words: list[str], package: str, extra: str
) -> None:
    describe(tmp_path)
    done = stormproof(bare, tmp_path, *words)
    said = f"stormproof: this needs {package}, which is not installed: pip install 'stormproof[{extra}]'\n"
    assert (done.returncode, done.stderr, done.stdout) == (254, said, "")
    assert not (tmp_path / "runs").exists()
