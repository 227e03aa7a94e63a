"""The sweep, on real processes: stable names, findings with evidence, a stop and its continuation, replay by id."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stormproof.brokers.redis.server import find_binary
from stormproof.history import History, Phase, Wire
from stormproof.spec import description
from stormproof.sweep import conduct
from stormproof.sweep import sheet as sheets
from stormproof.sweep.outcome import Word
from stormproof.sweep.perform import Stage
from stormproof.sweep.points import Point

ROOT = Path(__file__).parents[2]
LATE = ROOT / "system_under_test" / "late.toml"
GAP = "worker:HSET(unacked):request:1/kill"


def stormproof(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stormproof", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=180, check=False)


def test_twenty_recordings_of_a_system_give_the_same_names(tmp_path: Path) -> None:
    async def record_often(stage: Stage) -> list[tuple[Point, ...]]:
        return [await stage.record() for _ in range(20)]

    system = description.load(ROOT / "system_under_test" / "tutorial.toml")
    recordings = asyncio.run(conduct.on_stage(system, tmp_path / "record", find_binary(), 1, record_often))
    names = {frozenset(point.name for point in points) for points in recordings}
    assert len(recordings) == 20
    assert len(names) == 1, set.union(*map(set, names)) - set.intersection(*map(set, names))
    (found,) = names
    assert {"api:LPUSH(celery):request:1", "worker:BRPOP(celery):reply:1", "worker:HSET(unacked):request:1"} <= found
    assert {
        "worker.results:SETEX(celery-task-meta-*):request:1",
        "api.results:GET(celery-task-meta-*):reply:1",
    } <= found


def test_the_gap_between_two_commands_is_found_and_its_evidence_is_the_slice(tmp_path: Path) -> None:
    words = ["--system", str(LATE), "--point", "worker:HSET(unacked)", "--faults", "kill", "--lanes", "1"]
    done = stormproof("sweep", *words, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"lost       {GAP}" in done.stdout
    (folder,) = (tmp_path / "runs").iterdir()
    result = sheets.load(folder).results[GAP]
    assert result.outcome.word is Word.LOST
    evidence = History.load(folder / result.lane / "history.jsonl")[result.first : result.last]
    assert isinstance(evidence[0], Phase)
    (held,) = [event for event in evidence if isinstance(event, Wire) and event.fate != "passed"]
    assert (held.command, held.fault) == ("HSET", GAP)
    assert (folder / "sweep.html").exists()
    assert '<failure message="lost' in (folder / "junit.xml").read_text()
    again = stormproof("sweep", *words, "--baseline", str(folder), cwd=tmp_path)
    assert again.returncode == 0, again.stdout
    assert "0 cells are worse than in the baseline" in again.stdout


def test_a_sweep_that_is_stopped_keeps_what_it_knows_and_goes_on(tmp_path: Path) -> None:
    words = ["sweep", "--system", str(LATE), "--point", "worker:ZADD", "--faults", "reset,kill", "--lanes", "1"]
    command = [sys.executable, "-m", "stormproof", *words]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        deadline = time.monotonic() + 120
        while not any('"lane"' in path.read_text() for path in tmp_path.glob("runs/*/sweep.json")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=30)
    assert first.returncode == 130
    (folder,) = (tmp_path / "runs").iterdir()
    assert f"stormproof sweep --resume {folder.relative_to(tmp_path)}" in said
    known = dict(sheets.load(folder).results)
    assert 0 < len(known) < 4
    done = stormproof("sweep", "--resume", str(folder), "--lanes", "1", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    final = sheets.load(folder)
    assert not final.left
    assert known.items() <= final.results.items()


def test_a_finding_is_replayed_by_its_id(tmp_path: Path) -> None:
    done = stormproof("replay", GAP, "--system", str(LATE), "--times", "2", cwd=tmp_path)
    assert f"reproduced 2/2: lost       {GAP}" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sweep", "--system", str(LATE), "--faults", "explode"], "--faults: unknown explode; known: kill, reset"),
        (["sweep", "--resume", "nowhere"], "nowhere: not a sweep's folder: No such file"),
        (["replay", "worker:HSET(unacked):request:1/explode", "--system", str(LATE)], "names no fault"),
        (["replay", "worker:kill", "--system", str(LATE)], "names no fault"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, words: list[str], said: str) -> None:
    done = stormproof(*words, cwd=tmp_path)
    assert done.returncode == 254
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert os.listdir(tmp_path) == []
