"""Of what a component says without end, the beginning and the end are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.processes import output
from stormproof.processes.output import Output


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Output:
    for name, value in (("HEAD_BYTES", 10), ("TAIL_BYTES", 10), ("MOST_BYTES", 100)):
        monkeypatch.setattr(output, name, value)
    return Output(tmp_path / "api.log")


def test_a_log_within_its_bound_is_left_alone(log: Output) -> None:
    log.path.write_bytes(b"x" * 100)
    log.shorten()
    assert log.path.read_bytes() == b"x" * 100


def test_of_a_longer_one_head_and_tail_are_kept(log: Output) -> None:
    log.path.write_bytes(b"beginning\n" + b"x" * 3_000_000 + b"\nlast word")
    log.shorten()
    assert log.path.read_text() == "beginning\n\n[stormproof: 3 MB of output were left out here]\n\nlast word"


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Output:
    for name, value in (("HEAD_BYTES", 4096), ("TAIL_BYTES", 4096), ("MOST_BYTES", 65536)):
        monkeypatch.setattr(output, name, value)
    return Output(tmp_path / "api.log")


def test_while_somebody_writes_the_middle_becomes_a_hole_and_no_word_is_lost(pages: Output) -> None:
    with pages.path.open("ab", buffering=0) as writer:
        writer.write(b"beginning\n")
        for _ in range(3):
            writer.write(b"x" * 2_000_000)
            pages.bound()
            assert pages.path.stat().st_blocks * 512 < 65536
        assert pages.size() == 6_000_010
        writer.write(b"dying words")
    pages.shorten()
    said = pages.path.read_text()
    assert said.startswith("beginning\nxxx")
    assert "\n[stormproof: 6 MB of output were left out here]\nxxx" in said
    assert said.endswith("xxxdying words")
    assert "\0" not in said
    assert len(said) < 10_000


def test_where_the_disk_knows_no_holes_the_log_is_cut(pages: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_punch", lambda file, end: False)
    with pages.path.open("ab", buffering=0) as writer:
        for _ in range(2):
            writer.write(b"x" * 2_000_000)
            pages.bound()
        writer.write(b"dying words")
    said = pages.path.read_text()
    assert said.count("left out here") == 1
    assert "4 MB of output were left out here" in said
    assert said.endswith("xxxdying words")


def test_a_log_within_its_bound_has_no_hole(pages: Output) -> None:
    pages.path.write_bytes(b"x" * 60_000)
    pages.bound()
    assert pages.path.read_bytes() == b"x" * 60_000


def test_a_log_that_is_not_there_is_empty(log: Output) -> None:
    log.shorten()
    log.bound()
    assert (log.size(), log.last(10), log.tail()) == (0, "", "")


def test_no_more_is_read_than_was_asked_for_and_nothing_of_an_earlier_start(log: Output) -> None:
    log.path.write_bytes(b"ready\nnot yet\n")
    assert log.last(1000, since=6) == "not yet\n"
    assert log.last(4) == "yet\n"
    assert log.tail(lines=1) == "not yet"


def test_what_was_said_since_a_position_that_was_cut_away_is_still_found(log: Output) -> None:
    log.path.write_bytes(b"beginning\n" + b"x" * 500)
    since = log.size()
    log.shorten()
    with log.path.open("ab") as writer:
        writer.write(b"ready\n")
    assert "ready" in log.last(1000, since)
    assert "beginning" not in log.last(1000, since)
