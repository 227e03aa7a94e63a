"""Whole runs of Locust, as a person types them."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stormproof.remote import Remote, RemoteError, Up
from watching import eventually, living

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "system_under_test" / "tutorial.toml"
WITHIN_S = 90.0


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"), "--headless", *arguments]


def environment(tmp_path: Path) -> dict[str, str]:
    """Locust patches sockets where it is not told not to, as this process is."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")} | {
        "TMPDIR": str(tmp_path)
    }


def locust(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = subprocess.run(
        command(*arguments, "--csv", str(tmp_path / "rows")),
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert "Traceback" not in found.stdout + found.stderr
    assert not living(tmp_path)
    return found


def rows(tmp_path: Path) -> dict[str, tuple[int, int]]:
    """Requests and failures of each row."""
    with (tmp_path / "rows_stats.csv").open() as file:
        return {
            f"{row['Type']} {row['Name']}".strip(): (int(row["Request Count"]), int(row["Failure Count"]))
            for row in csv.DictReader(file)
        }


def test_a_run_starts_its_system_shows_what_became_of_tasks_and_judges_it(tmp_path: Path) -> None:
    run = locust(tmp_path, "-u", "8", "-r", "8", "-t", "8s")
    assert run.returncode == 0, run.stderr[-2000:]
    assert "valid: nothing lost, doubled, stuck, slow or wrong" in run.stderr
    found = rows(tmp_path)
    accepted = found["TASK due to accepted"]
    assert accepted[0] > 20
    for row in ("due to done", "due to e-mail", "queued", "running"):
        assert found[f"TASK {row}"] == (accepted[0], 0), row
    assert found["POST wrong requests"][1] == 0
    assert found["TASK due to seen as done"][0] > 5


def test_a_threshold_that_is_broken_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text("[[threshold]]\nrow = 'TASK due to done'\nmetric = 'p50_ms'\nat_most = 0.1\n")
    run = locust(tmp_path, "-u", "2", "-t", "4s", "--thresholds", str(strict), "SubmitUser")
    assert run.returncode == 3, run.stderr[-2000:]
    assert "at most 0.1 was promised" in run.stderr
    strict.write_text(strict.read_text() + "abort = true\nafter_requests = 2\n")
    run = locust(tmp_path, "-u", "5", "-t", "60s", "--thresholds", str(strict), "SubmitUser")
    assert run.returncode == 3, run.stderr[-2000:]
    assert "stopped: TASK due to done: p50_ms is" in run.stderr
    assert "run-time limit reached" not in run.stderr


def test_processes_of_a_distributed_run_add_up(tmp_path: Path) -> None:
    run = locust(tmp_path, "--processes", "2", "-u", "6", "-r", "6", "-t", "8s", "FollowUser")
    assert run.returncode == 0, run.stderr[-2000:]
    assert "valid: nothing lost" in run.stderr
    found = rows(tmp_path)
    assert found["TASK due to accepted"][0] > 15
    assert len({found[f"TASK {row}"] for row in ("due to accepted", "due to done", "due to e-mail", "running")}) == 1


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Up]:
    up = Up(TUTORIAL, tmp_path / "runs")
    yield up
    up.stop()


def test_a_system_that_runs_already_is_asked_and_left_alone(tmp_path: Path, standing: Up) -> None:
    def url() -> str:
        with Remote(standing.path) as remote:
            return str(remote.ask("hello")["urls"]["api"])

    before = url()
    own = tmp_path / "own"
    own.mkdir()
    every = own / "none.toml"
    every.write_text("")
    run = locust(
        own,
        "--host",
        before,
        "--system",
        str(TUTORIAL),
        "-u",
        "3",
        "-r",
        "3",
        "-t",
        "8s",
        "--thresholds",
        str(every),
        "FollowUser",
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert rows(own)["TASK due to seen as done"][0] > 2
    assert url() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--shape", "hill"), "--shape: 'hill' is not known; it should be one of: steady, spike, soak, day, steps"),
        (("--thresholds", "none.toml"), "none.toml: No such file or directory; name another file with --thresholds"),
        (("--system", "none.toml"), "none.toml: no such file; name a system's description with --system"),
        (("--storm", "chaos/none.py"), "chaos/none.py: no such scenario file"),
        (("--processes", "2", "--storm", "chaos/none.py"), "chaos/none.py: no such scenario file"),
        (("--host", "http://127.0.0.1:9", "--storm", "x.py"), "--storm: only on a system that is started here"),
        (("--host", "http://127.0.0.1:9", "--shape", "steps"), "--shape steps: whose queue grows is not seen"),
    ],
)
def test_wrong_input_is_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    run = locust(tmp_path, "-t", "3s", *arguments)
    assert run.returncode == 254
    assert any(line.startswith(f"stormproof: {said}") for line in run.stderr.splitlines())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_locust(tmp_path: Path, number: signal.Signals) -> None:
    with tempfile.TemporaryDirectory() as name:  # Short: the socket is to lie in it, and must be gone, too.
        short = Path(name)
        with subprocess.Popen(
            command("-u", "2", "-t", "60s"), cwd=tmp_path, env=environment(short), stderr=subprocess.PIPE, text=True
        ) as run:
            assert run.stderr is not None
            assert any("All users spawned" in line for line in run.stderr)
            assert len(living(short)) > 3
            assert len(list(short.glob("stormproof-steer-*"))) == 1
            run.send_signal(number)
            run.wait(timeout=WITHIN_S)
        assert eventually(lambda: not living(short))
        assert eventually(lambda: not list(short.glob("stormproof-*")))


def test_where_no_socket_can_be_is_told_in_one_line(tmp_path: Path) -> None:
    long = tmp_path / ("long" * 30)
    command = [sys.executable, "-m", "stormproof.cli", "up", "--system", str(TUTORIAL), "--steer", str(long)]
    run = subprocess.run(
        [*command, "--runs", str(tmp_path)], capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert run.returncode == 254
    assert re.fullmatch(
        r"stormproof: --steer \S+: cannot be a socket: .*; name a shorter path, or another\n", run.stderr
    )


def test_who_is_not_there_cannot_be_steered(tmp_path: Path, standing: Up) -> None:
    with pytest.raises(RemoteError, match="no system is steered there"):
        Remote(tmp_path / "none")
    with Remote(standing.path) as remote:
        for request, said in (
            (("nope", {}), "no such command; known: hello"),
            (("strike", {"fault": {"fault": "fly"}}), "not a fault: 'fly'"),
            (("strike", {"fault": {"fault": "kill", "component": "nobody"}}), "no component 'nobody'"),
            (("strike", {}), "not understood: "),
            (("note", {"events": [{"type": "phase"}]}), "not understood: "),
        ):
            with pytest.raises(RemoteError) as raised:
                remote.ask(request[0], **request[1])
            assert said in str(raised.value)
        struck = remote.ask("strike", fault={"fault": "pause", "component": "worker"})
        assert "is stopped" in struck["bit"]
        assert remote.ask("heal") == {"healed": ["pause on worker"], "bit": [True]}
        assert remote.ask("heal") == {"healed": [], "bit": []}
        remote.ask("strike", fault={"fault": "pause", "component": "worker"}, for_s=0.2)
        with Remote(standing.path) as watching:
            stages = (event["stage"] for event in watching.watch("fault"))
            assert [next(stages) for _ in range(6)] == ["injected", "bit", "healed"] * 2
