"""The recorder writes at once, keeps the running picture, and lets others wait for it."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest
from stormproof.errors import RunFolderError
from stormproof.history import Closed, History, Phase, Probe, ProbeWord
from stormproof.recorder import Picture, Recorder


def probe(word: ProbeWord, *, pid: int = 11, parent: int = 10, t: float = 1.0) -> Probe:
    return Probe(t=t, component="worker", pid=pid, parent=parent, word=word, task_id="a", task="send", key="k")


def test_an_event_can_be_read_as_soon_as_it_is_added(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    recorder.add(Phase(t=0.5, name="storm"))
    assert list(History.load(tmp_path / "history.jsonl")) == [Phase(t=0.5, name="storm")]
    recorder.close()


def test_the_last_line_closes_those_before_it(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    events = [Phase(t=0.5, name="start"), Phase(t=0.7, name="stop")]
    for event in events:
        recorder.add(event)
    recorder.close()
    assert list(History.load(tmp_path / "history.jsonl")) == recorder.events == [*events, Closed.of(events)]


def test_a_history_that_cannot_be_written_to_its_end_is_closed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    monkeypatch.setattr("os.write", _no_space)
    with pytest.raises(OSError, match="No space left"):
        recorder.close()
    monkeypatch.undo()
    with (tmp_path / "other").open("w"):  # Takes the number of the closed file.
        recorder.add(Phase(t=0.5, name="storm"))
    assert (tmp_path / "other").read_text() == ""


def _no_space(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    recorder.close()
    with (tmp_path / "other").open("w"):  # Takes the number of the closed file.
        recorder.add(Phase(t=0.5, name="storm"))
    assert recorder.events == [Closed.of([])]
    assert (tmp_path / "other").read_text() == ""


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot be written"):
        Recorder(tmp_path / "missing" / "history.jsonl")


def test_a_task_executes_from_its_start_to_its_end() -> None:
    picture = Picture()
    picture.add(probe("started"))
    assert list(picture.executing) == [("a", 11)]
    picture.add(probe("succeeded"))
    assert not picture.executing
    assert "a" in picture.ended


def test_the_main_process_ends_a_task_for_the_child_that_it_killed() -> None:
    picture = Picture()
    picture.add(probe("started", pid=11))
    picture.add(probe("failed", pid=10, parent=10))
    assert not picture.executing


def test_an_end_elsewhere_does_not_end_another_execution_of_the_same_task() -> None:
    picture = Picture()
    picture.add(probe("started", pid=11, parent=10))
    picture.add(probe("succeeded", pid=21, parent=20))
    assert list(picture.executing) == [("a", 11)]


def test_a_task_has_moved_on_when_it_is_delivered_again_or_has_ended() -> None:
    picture, start = Picture(), probe("started", t=2.0)
    picture.add(probe("received", t=1.0))
    picture.add(start)
    assert not picture.has_moved_on(start)
    picture.add(probe("received", t=3.0))
    assert picture.has_moved_on(start)
    assert not picture.has_moved_on(probe("started", t=4.0))
    picture.add(probe("failed", t=5.0, pid=99))
    assert picture.has_moved_on(probe("started", t=4.0))


def test_a_wait_ends_with_its_condition_or_its_bound(tmp_path: Path) -> None:
    async def story() -> tuple[bool, bool]:
        recorder = Recorder(tmp_path / "history.jsonl")
        waiting = asyncio.create_task(recorder.until(lambda: len(recorder.events) == 1, within_s=10))
        await asyncio.sleep(0)
        recorder.add(Phase(t=0, name="storm"))
        found = await waiting, await recorder.until(lambda: False, within_s=0.06)
        recorder.close()
        return found

    assert asyncio.run(story()) == (True, False)
