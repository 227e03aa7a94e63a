"""Every mistake of a user's is one clear line, the right exit code, and nothing left running."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from stormproof.cli import main as cli

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "system_under_test" / "tutorial.toml"
CALM = ROOT / "chaos" / "calm.py"
KNOWN = TUTORIAL.read_text()


def stormproof(*words: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stormproof", *map(str, words)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def description(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = KNOWN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "tutorial").symlink_to(ROOT / "system_under_test" / "tutorial")
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def left_running(folder: Path) -> list[str]:
    """Command lines of processes that live in a test's folder."""
    found = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        if str(process.info["cwd"] or "").startswith(str(folder)):
            found.append(" ".join(process.info["cmdline"]))
    return found


def assert_one_line(result: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    assert result.returncode == code, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("stormproof: ")
    for words in said:
        assert words in lines[0]


def test_a_missing_description_is_named(tmp_path: Path) -> None:
    result = stormproof("run", CALM, "--system", "nothing.toml", cwd=tmp_path)
    assert_one_line(result, 254, "nothing.toml: no such file", "--system")


def test_a_description_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("name = ")
    assert_one_line(stormproof("run", CALM, "--system", "wrong.toml", cwd=tmp_path), 254, "wrong.toml: not TOML")


def test_an_unknown_key_is_named_with_its_mend(tmp_path: Path) -> None:
    path = description(tmp_path, ("api_deadline_s", "api_dedline_s"))
    result = stormproof("run", CALM, "--system", path, cwd=tmp_path)
    assert_one_line(result, 254, "unknown key 'promises.api_dedline_s'; did you mean 'api_deadline_s'?")


def test_an_unknown_scenario_is_named(tmp_path: Path) -> None:
    result = stormproof("run", ROOT / "chaos" / "clam.py", "--system", TUTORIAL, cwd=tmp_path)
    assert_one_line(result, 254, "clam.py: no such scenario file", "calm")


@pytest.mark.parametrize(
    "words", [["run"], ["storm"], ["run", str(CALM), "--sytem", "x"], ["replay", "x", "--times", "0"]]
)
def test_wrong_arguments_end_with_254(tmp_path: Path, words: list[str]) -> None:
    assert_one_line(stormproof(*words, cwd=tmp_path), 254)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        path = description(tmp_path, ("[redis.broker]", f"[redis.broker]\nport = {port}"))
        result = stormproof("run", CALM, "--system", path, cwd=tmp_path)
    assert_one_line(result, 254, f"redis.broker.port: port {port} is in use")


def test_without_a_redis_server_the_mend_is_named(tmp_path: Path) -> None:
    result = stormproof("run", CALM, "--system", TUTORIAL, cwd=tmp_path, STORMPROOF_REDIS="/nowhere/redis-server")
    assert_one_line(result, 254, "STORMPROOF_REDIS", "/nowhere/redis-server")


def test_a_component_that_exits_at_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    path = description(tmp_path, ("tutorial.api:app", "tutorial.nothing:app"))
    result = stormproof("run", CALM, "--system", path, cwd=tmp_path)
    assert_one_line(result, 255, "api: exited with 3 at start", "tutorial.nothing")
    assert left_running(tmp_path) == []


def test_a_host_elsewhere_is_refused(tmp_path: Path) -> None:
    path = description(tmp_path, ("{redis.broker.url}/0", "redis://redis.example.com:6379/0"))
    result = stormproof("run", CALM, "--system", path, cwd=tmp_path)
    assert_one_line(result, 254, "env.CELERY_BROKER_URL", "'redis.example.com' is not this machine")


def test_a_run_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    result = stormproof("run", CALM, "--system", TUTORIAL, cwd=tmp_path)
    assert_one_line(result, 254, "runs", "--runs")


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    for command in ("analyze", "replay", "report"):
        assert_one_line(stormproof(command, tmp_path, cwd=tmp_path), 254, f"{tmp_path}: not a run folder")


def test_the_demo_outside_a_clone_says_where_to_run_it(tmp_path: Path) -> None:
    assert_one_line(stormproof("demo", cwd=tmp_path), 254, "tutorial.toml: no such file")


@pytest.mark.parametrize("on_github", ["", "true"])
def test_a_failure_of_ours_ends_with_255_and_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], on_github: str
) -> None:
    def fail(**_: object) -> int:
        raise RuntimeError("\n::error::forged")

    monkeypatch.setenv("GITHUB_ACTIONS", on_github)
    monkeypatch.setattr(cli, "app", fail)
    streams = sys.stdout, sys.stderr
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 255
    assert (sys.stdout, sys.stderr) == streams
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1] == (": :error::forged" if on_github else "::error::forged")
