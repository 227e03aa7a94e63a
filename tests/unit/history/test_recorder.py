"""The recorder writes at once, keeps the running picture, and lets others wait for it."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest
from stormproof.errors import RunFolderError, StormproofError
from stormproof.history import Closed, History, Phase, Probe, ProbeWord, Returned
from stormproof.history.recorder import Picture, Recorder


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


def test_a_history_that_was_torn_is_not_closed_as_if_it_were_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    recorder.add(Phase(t=0.5, name="storm"))
    monkeypatch.setattr("os.write", _no_space)
    recorder.add(Phase(t=1.5, name="stop"))
    monkeypatch.undo()
    recorder.close()
    with (tmp_path / "other").open("w"):  # Takes the number of the closed file.
        recorder.add(Phase(t=2.5, name="storm"))
    assert (tmp_path / "other").read_text() == ""
    assert list(History.load(tmp_path / "history.jsonl")) == [Phase(t=0.5, name="storm")]


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


def broken(recorder: Recorder) -> list[StormproofError]:
    told: list[StormproofError] = []
    recorder.broken = told.append
    for _ in range(3):
        recorder.add(Phase(t=0.5, name="storm"))
    return told


def test_a_full_disk_is_told_once_and_what_is_not_written_did_not_happen(tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").symlink_to("/dev/full")
    recorder = Recorder(tmp_path / "history.jsonl")
    (error,) = broken(recorder)
    assert isinstance(error, RunFolderError)
    assert "history.jsonl: the disk is full; make room there" in str(error)
    assert recorder.events == []
    recorder.close()


def test_what_a_write_takes_only_in_part_is_written_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    recorder = Recorder(tmp_path / "history.jsonl")
    recorder.add(Phase(t=0.5, name="storm"))
    assert list(History.load(tmp_path / "history.jsonl")) == [Phase(t=0.5, name="storm")]
    recorder.close()


def test_half_a_character_is_recorded_as_a_question_mark(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    recorder.add(Returned(t=0.5, op=1, outcome="ok", state="half \ud800 of one"))
    recorder.close()
    assert recorder.events == list(History.load(tmp_path / "history.jsonl"))
    assert recorder.events[:-1] == [Returned(t=0.5, op=1, outcome="ok", state="half ? of one")]
    assert recorder.events[-1] == Closed.of(recorder.events[:-1])
