"""A harness that is killed in the middle of a run leaves nothing behind but a history, and that is judged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from watching import eventually

REPOSITORY = Path(__file__).parents[2]
STORMPROOF = str(Path(sys.executable).parent / "stormproof")


def living(marks: set[str]) -> list[str]:
    """Processes that carry the mark of a run."""
    wanted, found = {f"STORMPROOF_RUN={mark}".encode() for mark in marks}, []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and wanted & set((folder / "environ").read_bytes().split(b"\0")):
                found.append(folder.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_run_leaves_only_a_history_that_is_judged(tmp_path: Path, number: signal.Signals) -> None:
    tmp, runs = tmp_path / "tmp", tmp_path / "runs"
    tmp.mkdir()
    system = REPOSITORY / "system_under_test" / "tutorial.toml"
    command = [
        STORMPROOF,
        "run",
        "--system",
        str(system),
        "--runs",
        str(runs),
        "--times",
        "4",
        "--lanes",
        "2",
        "chaos/worker_killed.py",
    ]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as harness:
        try:
            assert eventually(lambda: any(b'"phase"' in f.read_bytes() for f in runs.rglob("history.jsonl")), 60)
            marks = {path.name for path in tmp.glob("stormproof-*")}
            assert eventually(lambda: len(living(marks)) > 3, 60)
            harness.send_signal(number)
            harness.wait(timeout=30)
        finally:
            harness.kill()
    assert eventually(lambda: not living(marks), 10)
    assert eventually(lambda: not list(tmp.glob("stormproof-*")), 10)
    histories = list(runs.rglob("history.jsonl"))
    assert 1 <= len(histories) <= 2
    for history in histories:
        command = [STORMPROOF, "analyze", str(history.parent)]
        judged = subprocess.run(command, capture_output=True, text=True, check=False)
        assert judged.returncode in (1, 2), judged.stderr
        assert "Traceback" not in judged.stderr
