"""Whole runs of Locust, as a person types them."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from locusts import TUTORIAL, WITHIN_S, running, said
from stormproof.processes.ports import Ports
from stormproof.session.remote import Remote, RemoteError, Up
from watching import eventually, living


def locust(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    """The exit code of a run, and what it said on standard error."""
    with running(tmp_path, tmp_path, "--headless", *arguments, "--json-file", str(tmp_path / "rows")) as run:
        code = run.wait(timeout=WITHIN_S)
        assert eventually(lambda: not living(tmp_path)), living(
            tmp_path
        )  # Locust's own processes of a distributed run end after it.
    told = said(tmp_path)
    assert "Traceback" not in told
    return code, told


def rows(tmp_path: Path) -> dict[str, tuple[int, int]]:
    """Requests and failures of each row."""
    found = json.loads((tmp_path / "rows.json").read_text())
    return {f"{row['method']} {row['name']}": (row["num_requests"], row["num_failures"]) for row in found}


def all_ended(found: dict[str, tuple[int, int]]) -> int:
    """How many came; each that was accepted is in every row, without a failure. One that a busy API answered with 503 was promised nothing,
    and may have been done all the same: it is in as many rows as were written before the answer.
    """
    came, refused = found["TASK due to accepted"]
    for row in ("due to done", "due to e-mail", "queued", "running"):
        count, failed = found[f"TASK {row}"]
        assert failed == 0 and came - refused <= count <= came, (row, found)
    return came


@pytest.fixture
def port() -> Iterator[int]:
    ports = Ports()
    yield ports.free()
    ports.close()


def test_a_run_starts_its_system_shows_what_became_of_tasks_and_judges_it(tmp_path: Path) -> None:
    code, told = locust(tmp_path, "-u", "8", "-r", "8", "-t", "8s")
    assert code == 0, told[-2000:]
    assert "valid: nothing lost, doubled, stuck, slow or wrong" in told
    found = rows(tmp_path)
    assert all_ended(found) > 20
    assert found["POST wrong requests"][1] == 0
    assert found["TASK due to seen as done"][0] > 5


def test_a_threshold_that_is_broken_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text("[[threshold]]\nrow = 'TASK due to done'\nmetric = 'p50_ms'\nat_most = 0.1\n")
    code, told = locust(tmp_path, "-u", "2", "-t", "4s", "--thresholds", str(strict), "SubmitUser")
    assert code == 3, told[-2000:]
    assert "at most 0.1 was promised" in told
    strict.write_text(strict.read_text() + "abort = true\nafter_requests = 2\n")
    code, told = locust(tmp_path, "-u", "5", "-t", "60s", "--thresholds", str(strict), "SubmitUser")
    assert code == 3, told[-2000:]
    assert "stopped: TASK due to done: p50_ms is" in told
    assert "run-time limit reached" not in told


def by_two(port: int) -> tuple[str, ...]:
    """Two processes that hear from a master of their own."""
    return ("--processes", "2", "--master-bind-port", str(port), "--master-port", str(port))


def test_processes_of_a_distributed_run_add_up(tmp_path: Path, port: int) -> None:
    code, told = locust(tmp_path, *by_two(port), "-u", "6", "-r", "6", "-t", "8s", "FollowUser")
    assert code == 0, told[-2000:]
    assert "valid: nothing lost" in told
    assert all_ended(rows(tmp_path)) > 15


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
    code, told = locust(
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
    assert code == 0, told[-2000:]
    assert rows(own)["TASK due to seen as done"][0] > 2
    assert url() == before


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--shape", "hill"), "--shape: 'hill' is not known; it should be one of: steady, spike, soak, day, steps"),
        (("--thresholds", "none.toml"), "none.toml: No such file or directory; name another file with --thresholds"),
        (("--system", "none.toml"), "none.toml: no such file; name a system's description with --system"),
        (("--storm", "chaos/none.py"), "chaos/none.py: no such scenario file"),
        (("--host", "http://127.0.0.1:9", "--storm", "x.py"), "--storm: only on a system that is started here"),
        (("--host", "http://127.0.0.1:9", "--shape", "steps"), "--shape steps: whose queue grows is not seen"),
    ],
)
def test_wrong_input_is_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...], line: str) -> None:
    code, told = locust(tmp_path, "-t", "3s", *arguments)
    assert code == 254
    assert any(each.startswith(f"stormproof: {line}") for each in told.splitlines())


def test_processes_end_where_their_master_finds_wrong_input(tmp_path: Path, port: int) -> None:
    code, told = locust(tmp_path, *by_two(port), "--storm", "none.py")
    assert code == 254
    assert "\nstormproof: none.py: no such scenario file\n" in told


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, told = locust(tmp_path, *by_two(port))
        assert code == 254
        assert f"\nstormproof: the master's port {port} is in use; name another with --master-bind-port" in told
        code, told = locust(tmp_path, "--headful", "--web-port", str(port))
        assert code == 254
        assert f"\nstormproof: --web-port {port}: Address already in use; name another" in told


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_locust(tmp_path: Path, number: signal.Signals) -> None:
    with tempfile.TemporaryDirectory() as name:  # Short: the socket is to lie in it, and must be gone, too.
        short = Path(name)
        with running(tmp_path, short, "--headless", "-u", "2", "-t", "60s") as run:
            assert eventually(lambda: "All users spawned" in said(tmp_path), WITHIN_S)
            assert len(living(short)) > 3
            assert len(list(short.glob("stormproof-steer-*"))) == 1
            run.send_signal(number)
            run.wait(timeout=WITHIN_S)
            assert "run-time limit reached" not in said(tmp_path)
            assert eventually(lambda: not living(short))
            assert eventually(lambda: not list(short.glob("stormproof-*")))


def test_where_no_socket_can_be_is_told_in_one_line(tmp_path: Path) -> None:
    long = tmp_path / ("long" * 30)
    command = [sys.executable, "-m", "stormproof", "up", "--system", str(TUTORIAL), "--steer", str(long)]
    run = subprocess.run(
        [*command, "--runs", str(tmp_path)], capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert run.returncode == 254
    assert re.fullmatch(
        r"stormproof: --steer \S+: cannot be a socket: .*; name a shorter path, or another\n", run.stderr
    )


def test_what_is_struck_while_another_fault_still_begins_is_healed_with_it(standing: Up) -> None:
    def strike(**fault: str) -> str:
        with Remote(standing.path) as remote:
            return str(remote.ask("strike", fault=fault)["strike"])

    with ThreadPoolExecutor() as threads, Remote(standing.path) as remote:
        slow = threads.submit(
            strike, fault="mail", mode="silent"
        )  # Nobody sends, so for seconds nothing proves that it bit.
        watched = (event["name"] for event in remote.watch("fault"))
        assert next(watched) == "mail"
        assert strike(fault="pause", component="worker") == "pause on worker"
        assert not slow.done()
        with Remote(standing.path) as other:
            assert sorted(other.ask("heal")["healed"]) == ["mail on mail", "pause on worker"]
        assert slow.result(timeout=WITHIN_S) == "mail on mail"


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
