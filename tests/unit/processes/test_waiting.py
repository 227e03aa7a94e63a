"""What a process waited for a processor is read from the kernel, and counts once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from stormproof.processes.waiting import RunDelay


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    tell(tmp_path, 7, waited_s=1)
    return tmp_path


def tell(proc: Path, pid: int, *, waited_s: float) -> None:
    (proc / str(pid)).mkdir(exist_ok=True)
    (proc / str(pid) / "schedstat").write_text(f"5000 {int(waited_s * 1e9)} 12\n")


def test_only_what_was_waited_since_then_counts_and_counts_once(proc: Path) -> None:
    delay = RunDelay(lambda: [7], proc)
    assert delay.look_s() == 0
    tell(proc, 7, waited_s=1.5)
    assert delay.look_s() == 0.5
    assert delay.look_s() == 0.5


def test_a_process_that_is_new_counts_from_its_start_and_one_that_is_gone_keeps_what_it_had(proc: Path) -> None:
    pids = [7]
    delay = RunDelay(lambda: pids, proc)
    tell(proc, 7, waited_s=1.25)
    tell(proc, 8, waited_s=0.5)
    pids.append(8)
    assert delay.look_s() == 0.75
    pids.remove(7)
    assert delay.look_s() == 0.75


def test_a_pid_that_was_given_anew_takes_nothing_away(proc: Path) -> None:
    delay = RunDelay(lambda: [7], proc)
    tell(proc, 7, waited_s=0.25)
    assert delay.look_s() == 0
    tell(proc, 7, waited_s=0.5)
    assert delay.look_s() == 0.25


@pytest.mark.parametrize("told", ["", "5000", "5000 many 12"])
def test_a_kernel_that_does_not_count_says_that_nothing_was_waited(proc: Path, told: str) -> None:
    (proc / "7" / "schedstat").write_text(told)
    assert RunDelay(lambda: [7, 9], proc).look_s() == 0


def test_this_kernel_counts() -> None:
    assert RunDelay(lambda: [os.getpid()]).look_s() >= 0
