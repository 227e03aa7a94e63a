"""When a node's main process ends, all that it started ends."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest
from stormproof.processes import reaper
from stormproof.processes.launcher import is_running
from stormproof.pytest_celery.main_process import MainProcess
from watching import eventually

FAMILY = """
import subprocess, sys, time
command = [sys.executable, "-c", "import time; time.sleep(600)"]
pids = [subprocess.Popen(command).pid, subprocess.Popen(command, start_new_session=True).pid]
print(*pids, flush=True)
{then}
"""
COUNTER = """
import signal, sys, time
met = []
signal.signal(signal.SIGQUIT, lambda *_: met.append(1))
print("ready", flush=True)
while len(met) < 3:
    time.sleep(0.01)
"""


def started(code: str, folder: Path) -> MainProcess:
    return MainProcess(
        [sys.executable, "-c", code], node=f"{folder}", env={}, cwd=folder, log=folder / "log", before=lambda: None
    )


def said(folder: Path) -> str:
    assert eventually(lambda: (folder / "log").read_text().endswith("\n"))
    return (folder / "log").read_text()


@pytest.mark.parametrize("ending", ["SIGKILL", "SIGTERM", "by itself"])
def test_a_child_and_one_that_left_the_session_end_with_it(tmp_path: Path, ending: str) -> None:
    main = started(FAMILY.format(then="time.sleep(600)" if ending != "by itself" else ""), tmp_path)
    pids = [int(pid) for pid in said(tmp_path).split()]
    if ending != "by itself":
        main.signal(signal.Signals[ending])
    assert main.wait(10)
    assert len(pids) == 2
    assert not [pid for pid in pids if is_running(pid)]


def test_kill_reaches_the_group_in_one_stroke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaper, "reap", lambda *_: None)
    main = started(FAMILY.format(then="time.sleep(600)"), tmp_path)
    child, stray = (int(pid) for pid in said(tmp_path).split())
    main.signal(signal.SIGKILL)
    assert eventually(lambda: not is_running(child))
    os.kill(stray, signal.SIGKILL)  # Without the reaper nobody else ends it.


def pending(pid: int) -> bool:
    """Whether SIGTERM waits for a process that is stopped."""
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(status.partition("ShdPnd:")[2].split()[0], 16) & 1 << (signal.SIGTERM - 1))


def test_a_signal_other_than_kill_reaches_the_main_process_alone(tmp_path: Path) -> None:
    main = started(FAMILY.format(then="time.sleep(600)"), tmp_path)
    pids = [int(pid) for pid in said(tmp_path).split()]
    for pid in (main.pid, *pids):
        os.kill(pid, signal.SIGSTOP)
    assert eventually(lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in (main.pid, *pids)))
    main.signal(signal.SIGTERM)
    assert [pending(pid) for pid in (main.pid, *pids)] == [True, False, False]
    main.signal(signal.SIGKILL)


def test_signals_of_one_number_in_a_row_are_all_met(tmp_path: Path) -> None:
    main = started(COUNTER, tmp_path)
    said(tmp_path)
    for _ in range(3):
        main.signal(signal.SIGQUIT)
    ended = main.wait(10)
    main.signal(signal.SIGKILL)
    assert ended


@pytest.mark.parametrize(("code", "counted"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)])
def test_the_exit_code_is_counted_as_docker_does(tmp_path: Path, code: str, counted: int) -> None:
    main = started(code, tmp_path)
    assert main.wait(10)
    assert main.code == counted


def test_what_ignores_the_polite_signal_is_killed_after_its_time(tmp_path: Path) -> None:
    main = started(
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)", tmp_path
    )
    said(tmp_path)
    main.stop(0.2)
    assert not main.alive
