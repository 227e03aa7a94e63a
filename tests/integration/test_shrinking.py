"""Random storms and shrinking, by the command, on real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stormproof.campaign import catalogue
from stormproof.runs import store
from stormproof.search import random_storm
from stormproof.spec import description

ROOT = Path(__file__).parents[2]
LATE = ROOT / "system_under_test" / "late.toml"
STORM = '''"""One fault that bites between two that do not.

What cures it: a record outside the broker.
"""

from stormproof import Delay, Injection, Pause, Reset, Scenario, Workload, sends

scenario = Scenario(
    name="buried",
    title="buried",
    workload=Workload(tasks=5, rate_per_s=4.0),
    storm=(
        Injection(fault=Delay(component="api", delay_ms=5), at_s=0.1, for_s=0.3),
        Injection(fault=Reset(), when=sends("worker", "HSET", key="unacked", place=3)),
        Injection(fault=Pause(component="api"), at_s=0.6, for_s=0.2),
    ),
)
'''


def stormproof(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stormproof", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=280, check=False)


def test_a_storm_is_shrunk_to_a_scenario_file_that_fails_alike(tmp_path: Path) -> None:
    (tmp_path / "buried.py").write_text(STORM)
    done = stormproof("run", "buried.py", "--system", str(LATE), "--seed", "4", cwd=tmp_path)
    assert "1 lost" in done.stdout, done.stdout + done.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    words = ["--finding", "lost", "--out", str(tmp_path / "small.py"), "--runs", str(tmp_path / "tries")]
    done = stormproof("shrink", str(folder), *words, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    small = catalogue.load(tmp_path / "small.py")
    (left,) = small.storm
    assert left.fault.name == "reset"
    assert small.workload.tasks <= 3
    assert "lost in 4 of 4 runs" in done.stdout or "lost in 4 of 5 runs" in done.stdout


def test_a_random_storm_is_stored_as_it_was_drawn(tmp_path: Path) -> None:
    stormproof("run", "--storm", "3", "--seed", "5", "--system", str(LATE), cwd=tmp_path)
    (folder,) = (tmp_path / "runs").iterdir()
    assert store.load(folder).scenario == random_storm.draw(description.load(LATE), 3, 5)


def test_what_found_nothing_wrong_is_not_shrunk(tmp_path: Path) -> None:
    done = stormproof("run", str(ROOT / "chaos" / "calm.py"), "--system", str(LATE), cwd=tmp_path)
    assert done.returncode == 0
    (folder,) = (tmp_path / "runs").iterdir()
    done = stormproof("shrink", str(folder), cwd=tmp_path)
    assert done.returncode == 254
    assert "found nothing wrong; there is nothing to shrink" in done.stderr
