"""The run browser as a process: how it starts, what it replays, and that nothing outlives it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from served import make_run, press
from watching import eventually, living

ROOT = Path(__file__).parents[2]
STORMPROOF = [sys.executable, "-m", "stormproof"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one real run."""
    folder = tmp_path_factory.mktemp("serving") / "runs"
    made = subprocess.run(
        [*STORMPROOF, "run", "chaos/calm.py", "--system", "system_under_test/tutorial.toml", "--runs", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert made.returncode in (0, 2), made.stdout + made.stderr  # A busy machine makes it unknown.
    return folder


@contextmanager
def serving(runs: Path, tmp: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """The command, and a client that has opened the address that it printed. All that it starts has `tmp` as its TMPDIR."""
    tmp.mkdir()
    with subprocess.Popen(
        [*STORMPROOF, "serve", "--runs", str(runs), "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=\S{32}", address)
            with httpx.Client(base_url=address.partition("/?")[0], trust_env=False, timeout=30) as client:
                opened = client.get(address, follow_redirects=True)
                assert (opened.status_code, opened.url.query) == (200, b"")
                yield server, client
        finally:
            server.kill()


def test_a_replay_is_shown_while_it_runs_one_at_a_time_and_can_be_stopped(runs: Path, tmp_path: Path) -> None:
    [name] = [path.name for path in runs.iterdir()]
    with serving(runs, tmp_path / "tmp") as (_, client):
        assert press(client, f"/runs/{name}/replay").headers["location"] == "/replay"
        again = press(client, f"/runs/{name}/replay")
        assert again.status_code == 409 and "is being replayed" in again.text
        assert client.get("/replay/output").json()["code"] is None
        assert "Stop it" in client.get("/replay").text
        assert eventually(lambda: client.get("/replay/output").json()["code"] is not None, 120)
        told = client.get("/replay/output").json()
        assert told["code"] in (0, 2) and "reproduced " in told["said"]
        shown = client.get("/replay").text
        assert "reproduced " in shown and "Stop it" not in shown
        assert client.get("/").text.count('name="run"') == 2
        assert press(client, f"/runs/{name}/replay").headers["location"] == "/replay"
        begun = eventually(lambda: len(living(tmp_path / "tmp")) > 4, 60)
        assert begun, (client.get("/replay/output").json(), living(tmp_path / "tmp"))
        assert press(client, "/replay/stop").status_code == 303
        stopped = client.get("/replay/output").json()
        assert stopped["code"] == 143 and "stopped by SIGTERM" in stopped["said"]
        assert len(living(tmp_path / "tmp")) == 1  # The server itself.


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "stormproof: stopped by Ctrl-C; everything that was started is stopped\n"),
        (signal.SIGTERM, 143, "stormproof: stopped by SIGTERM; everything that was started is stopped\n"),
        (signal.SIGKILL, -9, ""),
    ],
)
def test_what_is_replayed_ends_with_the_server_however_that_ends(
    runs: Path, tmp_path: Path, number: signal.Signals, code: int, said: str
) -> None:
    name = min(path.name for path in runs.iterdir())
    tmp = tmp_path / "tmp"
    with serving(runs, tmp) as (server, client):
        press(client, f"/runs/{name}/replay")
        assert eventually(lambda: len(living(tmp)) > 4, 60)
        server.send_signal(number)
        assert server.wait(timeout=60) == code
        # Who can say that everything is stopped has waited for it.
        assert eventually(lambda: not living(tmp), 30 if number == signal.SIGKILL else 0.3), living(tmp)
        # It was ended, and did not come to its own end in that time.
        assert not (max(runs.iterdir()) / "verdict.json").exists()
        assert server.stderr is not None and server.stderr.read().lstrip("\n") == said  # click ends the line of the ^C.


def test_only_this_machine_is_listened_to(tmp_path: Path) -> None:
    make_run(tmp_path / "runs", "a")
    with serving(tmp_path / "runs", tmp_path / "tmp") as (server, _):
        ports = [one.laddr for one in psutil.Process(server.pid).net_connections() if one.status == psutil.CONN_LISTEN]
    assert [port.ip for port in ports] == ["127.0.0.1"]


def complaint(*words: str, **env: str) -> tuple[int, str]:
    """How the command ends, and the one line that it says."""
    ended = subprocess.run(
        [*STORMPROOF, "serve", *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.returncode, ended.stderr.strip()


def test_a_port_that_somebody_has_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, line = complaint("--port", str(port))
    assert (code, line) == (
        254,
        f"stormproof: --port {port}: Address already in use; name another, or 0 for one that is free",
    )


def test_runs_that_are_no_folder_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, line = complaint("--runs", str(tmp_path / "file"))
    assert code == 254 and "not a folder" in line


@pytest.mark.parametrize("package", ["fastapi", "uvicorn"])
def test_without_its_packages_the_command_says_how_to_get_them(tmp_path: Path, package: str) -> None:
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('not here', name={package!r})")
    code, line = complaint("--port", "0", PYTHONPATH=str(tmp_path))
    assert code == 254
    assert line == f"stormproof: this needs {package}, which is not installed: pip install 'stormproof[serve]'"


def test_no_other_command_loads_a_web_server() -> None:
    loaded = "import sys, stormproof.cli.main; print(*sys.modules.keys() & {'fastapi', 'starlette', 'uvicorn'})"
    said = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.strip() == ""
