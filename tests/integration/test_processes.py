"""What a run starts is gone when the run is, however it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import psutil
import pytest
from stormproof.errors import ComponentError
from stormproof.processes import reaper
from stormproof.processes.launcher import Launcher, cpu_waited_s, is_running
from watching import eventually

TREE = """
import os, subprocess, sys, time
# A child that has left its parent's session and group, and one that has not; both outlive their parent.
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""

HARNESS = """
import asyncio, sys
from pathlib import Path
from stormproof.processes.launcher import Launcher

async def main():
    folder = Path(sys.argv[1])
    async with Launcher(sys.argv[2], folder) as launcher:
        own = folder / "private"
        own.mkdir()
        launcher.own_folder(own)
        running = await launcher.start("tree", [sys.executable, "-c", sys.argv[3]], env={}, cwd=folder)
        while len(running.descendants()) < 2:
            await asyncio.sleep(0.01)
        print("up", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def marked(run: str) -> list[int]:
    return reaper.survivors(f"{reaper.MARK}={run}".encode(), {})


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_harness_that_is_killed_leaves_no_process_and_no_folder(tmp_path: Path, ending: signal.Signals) -> None:
    run = f"test-{os.getpid()}-{ending.name}"
    command = [sys.executable, "-c", textwrap.dedent(HARNESS), str(tmp_path), run, TREE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == "up\n"
        assert len(marked(run)) == 3
        harness.send_signal(ending)
        try:
            harness.wait(timeout=30)
        finally:
            harness.kill()
    assert eventually(lambda: not marked(run))
    assert eventually(lambda: not (tmp_path / "private").exists())


def test_leaving_the_context_ends_paused_processes_too(tmp_path: Path) -> None:
    async def story() -> int:
        async with Launcher(f"test-{os.getpid()}", tmp_path) as launcher:
            running = await launcher.start("sleeper", ["sleep", "600"], env={"PATH": os.environ["PATH"]}, cwd=tmp_path)
            running.signal_tree(signal.SIGSTOP)
            assert running.alive
        return running.pid

    assert not is_running(asyncio.run(story()))


def test_the_reaper_spares_a_process_that_took_over_an_old_pid(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        # Its session was announced, but with the start time of a process that is long gone.
        assert reaper.survivors(b"STORMPROOF_RUN=nobody", {str(stranger.pid): "1"}) == []
        started = str(reaper.start_time(stranger.pid))
        assert reaper.survivors(b"STORMPROOF_RUN=nobody", {str(stranger.pid): started}) == [stranger.pid]
        stranger.kill()


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        async with Launcher(f"test-{os.getpid()}", tmp_path) as launcher:
            await launcher.start("api", ["no-such-program"], env={}, cwd=tmp_path)

    with pytest.raises(ComponentError, match="api: cannot start 'no-such-program': No such file"):
        asyncio.run(story())


def test_the_output_is_kept_and_its_end_can_be_shown(tmp_path: Path) -> None:
    async def story() -> str:
        async with Launcher(f"test-{os.getpid()}", tmp_path) as launcher:
            code = "import sys; print('one'); print('two', file=sys.stderr)"
            running = await launcher.start("api", [sys.executable, "-u", "-c", code], env={}, cwd=tmp_path)
            assert await running.exited() == 0
            return launcher.output("api").tail(lines=1)

    assert asyncio.run(story()) == "two"


def test_waiting_for_a_processor_is_counted_where_the_kernel_counts_it() -> None:
    first = cpu_waited_s()
    if first is None:
        pytest.skip("this kernel does not count pressure (PSI)")
    with contextlib.ExitStack() as stack:
        for _ in range(2 * (os.cpu_count() or 1)):
            busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(busy.kill)
        assert eventually(lambda: (cpu_waited_s() or 0) > first)


def test_a_zombie_does_not_count_as_running() -> None:
    child = subprocess.Popen(["true"])
    assert eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not is_running(child.pid)
    child.wait()


def test_nothing_is_started_once_the_run_is_over(tmp_path: Path) -> None:
    async def start_late() -> None:
        async with Launcher("stormproof-over", tmp_path) as launcher:
            pass
        await launcher.start("late", [sys.executable, "-c", TREE], env=dict(os.environ), cwd=tmp_path)

    with pytest.raises(ComponentError, match="the run is over"):
        asyncio.run(start_late())
    assert not (tmp_path / "late.log").exists()
    assert marked("stormproof-over") == []


def test_a_process_that_is_born_after_the_last_look_ends_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    born = []
    create = asyncio.create_subprocess_exec

    async def start_late() -> None:
        async with Launcher("stormproof-born-late", tmp_path) as launcher:

            async def late(*argv: str, **options: Any) -> asyncio.subprocess.Process:
                await launcher.stop()
                process = await create(*argv, **options)
                born.append(process.pid)
                return process

            monkeypatch.setattr(asyncio, "create_subprocess_exec", late)
            await launcher.start("late", [sys.executable, "-c", TREE], env=dict(os.environ), cwd=tmp_path)

    with pytest.raises(ComponentError, match="the run is over"):
        asyncio.run(start_late())
    assert len(born) == 1
    assert eventually(lambda: marked("stormproof-born-late") == [])
