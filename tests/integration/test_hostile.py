"""A system that floods, forks, steers terminals and answers without end does no harm to who tests it, nor to the machine."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from stormproof.history import History, Probe, Returned
from stormproof.processes import output
from watching import eventually, living

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
MOST_MEMORY_BYTES = 500 << 20

SCENARIO = """
from stormproof import Scenario, Workload

scenario = Scenario(name="hostile", title="one answer of each kind", workload=Workload(tasks=12, rate_per_s=12))
"""


def forked(tmp: Path) -> int:
    return len([line for line in living(tmp) if line.endswith("fork\0")])


def has_flooded_in_vain(runs: Path) -> bool:
    """Whether all of the flood has been written, and takes no more room than it may, while who wrote it still lives."""
    found = [path.stat() for path in runs.glob("*/logs/flooder.log")]
    return any(log.st_size > 98e6 and log.st_blocks * 512 <= output.MOST_BYTES for log in found)


def test_a_hostile_system_is_judged_and_does_no_harm(tmp_path: Path) -> None:
    tmp, scenario = tmp_path / "tmp", tmp_path / "hostile.py"
    tmp.mkdir()
    scenario.write_text(SCENARIO)
    words = ["run", str(scenario), "--system", str(HERE / "apps" / "hostile.toml"), "--runs", str(tmp_path / "runs")]
    with subprocess.Popen(
        [sys.executable, "-m", "stormproof", *words],
        env={**os.environ, "TMPDIR": str(tmp)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as harness:
        # The tree and its daemons are born, and the flood is over.
        at_work = eventually(lambda: forked(tmp) >= 8 + 16 and has_flooded_in_vain(tmp_path / "runs"), 60)
        assert at_work and harness.poll() is None
        said, errors = harness.communicate(timeout=60)
    assert harness.returncode == 1, said + errors
    assert errors == b""
    assert not living(tmp)
    assert not list(tmp.iterdir())
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MOST_MEMORY_BYTES
    (folder,) = (tmp_path / "runs").iterdir()
    assert_shows_nothing_that_steers(folder, said.decode())
    assert_history_holds_what_happened(folder)
    assert_log_is_bounded(folder / "logs" / "flooder.log")


def explain(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "stormproof", "explain", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def assert_shows_nothing_that_steers(folder: Path, said: str) -> None:
    history = History.load(folder / "history.jsonl")
    climbing = next(answer.task_id for _, answer in history.of(Returned) if "/../" in answer.task_id)
    explained = [explain(folder), explain(folder, "--task", climbing)]
    assert len(list(folder.glob("explain-*.svg"))) == 2
    for text in (said, *explained, *((folder / name).read_text() for name in ("report.html", "junit.xml"))):
        assert not STEERS.search(text), STEERS.findall(text)
    ElementTree.fromstring((folder / "junit.xml").read_text())


def assert_history_holds_what_happened(folder: Path) -> None:
    history = History.load(folder / "history.jsonl")
    assert (folder / "history.jsonl").stat().st_size < 20e6
    assert len({probe.key for _, probe in history.of(Probe) if probe.word == "succeeded"}) >= 12
    errors = " ".join(answer.error for _, answer in history.of(Returned))
    assert "longer than the 16 MiB that Stormproof reads" in errors
    assert "a task id of 5000 characters" in errors
    states = {answer.state for _, answer in history.of(Returned)}
    assert any("\x1b[2J" in state for state in states)
    assert max(map(len, states)) <= 200


def assert_log_is_bounded(log: Path) -> None:
    assert log.stat().st_size <= output.MOST_BYTES
    with log.open("rb") as file:
        assert file.readline() == b"first words\n"
        assert b"MB of output were left out here]\n" in file.read()
    assert log.read_bytes().endswith(b"last words\n")


def test_the_last_words_of_a_component_steer_no_terminal(tmp_path: Path) -> None:
    text = (HERE / "apps" / "hostile.toml").read_text()
    command = """["{python}", "-c", "print('\\\\u001b[2J\\\\u001b]0;owned\\\\u0007' + 'x' * 999); exit(3)"]"""
    text = text.replace('["{python}", "hostile.py", "api", "{port}"]', command)
    (tmp_path / "mine.toml").write_text(text)
    (tmp_path / "hostile.py").write_text((HERE / "apps" / "hostile.py").read_text())
    words = ["run", str(ROOT / "chaos" / "calm.py"), "--system", "mine.toml"]
    said = subprocess.run(
        [sys.executable, "-m", "stormproof", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert said.returncode == 255
    (line,) = said.stderr.splitlines()
    assert line.startswith("stormproof: api: exited with 3 at start")
    assert "[2J" in line and not STEERS.search(line)
    assert len(line) < 600
