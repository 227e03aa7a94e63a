"""What the machine takes away in the middle of a run is no finding: one line, the right exit code, nothing left, nothing lost."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from stormproof.brokers.redis.server import find_binary
from stormproof.engine.world import World
from stormproof.errors import ComponentError, RunFolderError, StormproofError
from stormproof.history import History
from stormproof.history.recorder import Recorder
from stormproof.processes import machine
from stormproof.processes.launcher import end_all
from stormproof.spec import description
from watching import eventually, living

ROOT = Path(__file__).parents[2]
STORMPROOF = [sys.executable, "-m", "stormproof"]
TUTORIAL = str(ROOT / "system_under_test" / "tutorial.toml")
RUN = ["run", str(ROOT / "chaos" / "calm.py")]


class Harness:
    """A command of ours at work in a place of its own; `runs` is where its run folders go, `allowed` how many descriptors it has."""

    def __init__(self, tmp_path: Path, runs: Path, *words: str, allowed: int = 1024, **env: str) -> None:
        self.runs, self.tmp = runs, tmp_path / "tmp"
        self.tmp.mkdir()
        self.process = subprocess.Popen(
            [
                "bash",
                "-c",
                f'ulimit -n {allowed} && exec "$@"',
                "bash",
                *STORMPROOF,
                *words,
                "--system",
                TUTORIAL,
                "--runs",
                str(runs),
            ],
            env={**os.environ, "TMPDIR": str(self.tmp), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def has_written(self, words: str) -> None:
        """Wait until some history says so."""
        files = self.runs.rglob
        assert eventually(lambda: any(words in path.read_text() for path in files("history.jsonl")), 40), words

    def ends(self, code: int, *said: str) -> None:
        """It ends soon, with this code and one line, and leaves nothing behind."""
        try:
            _, errors = self.process.communicate(timeout=20)
        finally:
            self.process.kill()
        assert self.process.returncode == code, errors
        (line,) = errors.strip().splitlines()
        assert line.startswith("stormproof: ")
        for words in said:
            assert words in line
        assert eventually(lambda: not living(self.tmp)), living(self.tmp)
        assert eventually(lambda: not list(self.tmp.iterdir())), list(self.tmp.iterdir())


@contextmanager
def disk(path: Path, options: str) -> Iterator[Path]:
    """A small disk of its own."""
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def assert_judged(folder: Path) -> None:
    """Its history is whole as far as it goes, and is no proof that all was well."""
    assert len(History.load(folder / "history.jsonl")) > 3
    said = subprocess.run([*STORMPROOF, "analyze", str(folder)], capture_output=True, text=True, check=False)
    assert said.returncode in (1, 2), said.stdout + said.stderr
    assert not said.stderr


@pytest.mark.parametrize(
    ("words", "moment"), [(RUN, '"storm"'), (["sweep", "--lanes", "1"], '"ready"'), (["up"], '"ready"')]
)
def test_a_disk_that_becomes_full_ends_the_work_with_one_line(tmp_path: Path, words: list[str], moment: str) -> None:
    with disk(tmp_path / "small", "size=8m") as small:
        harness = Harness(tmp_path, small / "runs", *words)
        harness.has_written(moment)
        filler = fill(small)
        harness.ends(254, str(small / "runs"), "the disk is full; make room there", "--runs")
        filler.unlink()
        (history,) = (small / "runs").rglob("history.jsonl")
        if words[0] != "up":  # What only stands has no plan by which it could be judged.
            assert_judged(history.parent)


def test_a_run_folder_that_is_taken_away_ends_the_run_with_one_line(tmp_path: Path) -> None:
    harness = Harness(tmp_path, tmp_path / "runs", *RUN)
    harness.has_written('"storm"')
    (folder,) = (tmp_path / "runs").iterdir()
    (tmp_path / "runs").rename(tmp_path / "away")
    harness.ends(254, str(folder), "cannot be written any more", "leave a run its folder")
    assert_judged(tmp_path / "away" / folder.name)


def test_a_disk_that_is_read_only_is_named(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "size=1m,ro") as small:
        Harness(tmp_path, small / "runs", *RUN).ends(254, str(small), "Read-only file system", "--runs")


@pytest.mark.parametrize("allowed", [10, 13, 16, 40])
def test_too_few_descriptors_are_named(tmp_path: Path, allowed: int) -> None:
    harness = Harness(tmp_path, tmp_path / "runs", *RUN, allowed=allowed)
    harness.ends(255, "out of file descriptors", "ulimit -n")


def test_descriptors_that_run_out_in_a_storm_end_the_run_with_one_line(tmp_path: Path) -> None:
    harness = Harness(tmp_path, tmp_path / "runs", *RUN)
    harness.has_written('"storm"')
    pid = harness.process.pid
    few = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, few))
    harness.ends(255, f"out of file descriptors, of which {few} are allowed", "ulimit -n")
    (folder,) = (tmp_path / "runs").iterdir()
    assert_judged(folder)


def test_a_redis_server_that_is_gone_when_it_must_start_again_is_named(tmp_path: Path) -> None:
    program = Path(shutil.copy(find_binary().path, tmp_path / "redis-server"))
    words = ["run", str(ROOT / "chaos" / "redis_restarted.py"), "--state", "idle"]
    harness = Harness(tmp_path, tmp_path / "runs", *words, STORMPROOF_REDIS=str(program))
    harness.has_written('"storm"')
    program.unlink()
    harness.ends(255, f"redis.broker: {program} is gone", "install it again", "STORMPROOF_REDIS")
    (folder,) = (tmp_path / "runs").iterdir()
    assert_judged(folder)


def test_two_harnesses_at_once_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    long = tmp_path / "calm.py"
    long.write_text((ROOT / "chaos" / "calm.py").read_text().replace("rate_per_s=6", "rate_per_s=1.5"))
    # The same seed, the same second, the same place for their folders; the first ends while the second is at work.
    first, second = (
        Harness(tmp_path / name, tmp_path / "runs", "run", str(scenario), "--seed", "7")
        for name, scenario in (("a", ROOT / "chaos" / "calm.py"), ("b", long))
    )
    said, errors = first.process.communicate(timeout=60)
    assert (first.process.returncode, errors) == (0, ""), said
    assert second.process.poll() is None
    assert living(second.tmp)
    assert eventually(lambda: not living(first.tmp))
    said, errors = second.process.communicate(timeout=60)
    assert (second.process.returncode, errors) == (0, ""), said
    assert "calm on tutorial: valid" in said
    assert len(list((tmp_path / "runs").iterdir())) == 2


@pytest.mark.parametrize("ending", [lambda world: end_all(), lambda world: world.fail(ComponentError("gone"))])
def test_an_end_that_was_overheard_is_insisted_on(tmp_path: Path, ending: Callable[[World], None]) -> None:
    async def story() -> None:
        recorder = Recorder(tmp_path / "history.jsonl")
        async with World(description.load(Path(TUTORIAL)), tmp_path, recorder, find_binary(), "00ab") as world:
            ending(world)
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            with suppress(asyncio.CancelledError):  # As a client library does that stumbles while it cleans up.
                await asyncio.sleep(60)
            await asyncio.sleep(60)

    with pytest.raises((asyncio.CancelledError, ComponentError)):
        asyncio.run(asyncio.wait_for(story(), 15))  # Else TimeoutError.


def test_room_and_descriptors_are_no_complaint_while_there_are_any(tmp_path: Path) -> None:
    machine.check(tmp_path)


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="nowhere: cannot be written any more"):
        machine.check(tmp_path / "nowhere")


def test_the_last_descriptors_are_not_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    count = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(resource, "getrlimit", lambda which: (count + 4, count + 4))
    with pytest.raises(StormproofError, match="out of file descriptors"):
        machine.check()
