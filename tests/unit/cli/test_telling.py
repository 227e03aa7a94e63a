"""A command tells what ran in every form that was asked for, in every ending; and where it cannot, it says so before anything runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from stored import LOST, run
from stormproof.checks.verdict import Status
from stormproof.cli import telling
from stormproof.cli.telling import Telling
from stormproof.errors import ComponentError, RunFolderError
from stormproof.report import summary


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


def test_each_file_that_was_asked_for_is_there_at_the_end(tmp_path: Path) -> None:
    with Telling(tmp_path / "new" / "junit.xml", tmp_path / "summary.md") as told:
        told.add(run(LOST))
        assert list(tmp_path.iterdir()) == [tmp_path / "new"]
    assert ET.parse(tmp_path / "new" / "junit.xml").find("testsuite/testcase/failure") is not None
    assert "1 invalid" in (tmp_path / "summary.md").read_text()


def test_json_is_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    with Telling(as_json=True) as told:
        told.console.print("words")
        told.add(run(LOST))
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["status"] == "invalid"
    assert err == "words\n"


def test_on_github_each_broken_run_has_its_annotation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    with Telling() as told:
        told.files = {"storm": tmp_path / "chaos" / "storm.py"}
        told.add(run())
        told.add(run(LOST))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("::error title=storm on mine%3A invalid,file=chaos/storm.py::lost: a is gone%0A")


def test_annotations_leave_standard_output_to_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with Telling(as_json=True) as told:
        told.add(run(LOST))
    out, err = capsys.readouterr()
    assert json.loads(out)
    assert err.startswith("::error ")


def test_elsewhere_there_are_no_annotations(capsys: pytest.CaptureFixture[str]) -> None:
    with Telling() as told:
        told.add(run(LOST))
    assert capsys.readouterr().out == ""


def test_a_command_says_itself_what_is_to_blame(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with Telling() as told:
        told.blame = lambda run: Status.VALID
        told.add(run(LOST))
    assert capsys.readouterr().out == ""


def test_githubs_page_is_appended_to_within_its_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "step.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    with Telling() as told:
        told.add(run())
    assert page.read_text().startswith("## Stormproof")
    page.write_text("before\n")
    with Telling() as told:
        told.add(run())
    assert page.read_text().startswith("before\n\n## Stormproof: 1 run: 1 valid\n")
    page.write_text("x" * (summary.LIMIT_BYTES - 500))
    with Telling() as told:
        told.add(run(LOST))
    assert page.stat().st_size <= summary.LIMIT_BYTES
    page.write_text("x" * summary.LIMIT_BYTES)
    with Telling() as told:
        told.add(run(LOST))
    assert page.stat().st_size == summary.LIMIT_BYTES


def test_a_table_that_was_made_elsewhere_is_added_to_githubs_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    telling.add_to_page("nowhere")
    page = tmp_path / "step.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    telling.add_to_page("## A table\n")
    telling.add_to_page("x" * summary.LIMIT_BYTES)
    telling.add_to_page("## Another\n")
    assert page.read_text() == "## A table\n\n*A table is left out: no page may be larger.*\n\n## Another\n"


@pytest.mark.parametrize("place", ["a_file/summary.md", "a_folder"])
def test_a_file_that_cannot_be_written_is_named_before_anything_runs(tmp_path: Path, place: str) -> None:
    (tmp_path / "a_file").touch()
    (tmp_path / "a_folder").mkdir()
    with pytest.raises(RunFolderError, match=rf"--summary .*{place}: cannot be written: .*; name another"):
        Telling(summary_path=tmp_path / place)
    with pytest.raises(RunFolderError, match=rf"--junit .*{place}: cannot be written: "):
        Telling(junit_path=tmp_path / place)


def test_githubs_page_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(RunFolderError, match="GITHUB_STEP_SUMMARY"):
        Telling()


def test_what_has_run_is_told_where_the_rest_could_not(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    told = Telling(summary_path=page)
    told.add(run())
    with pytest.raises(ComponentError), told:
        raise ComponentError("api: exited with 3")
    assert "**Not all has run:** `api: exited with 3`" in page.read_text()


def test_nothing_is_written_where_nothing_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ComponentError), Telling(summary_path=tmp_path / "summary.md", as_json=True):
        raise ComponentError("api: exited with 3")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(tmp_path / "page.md")
    with Telling(summary_path=tmp_path / "link.md") as told:
        told.add(run())
    assert (tmp_path / "link.md").is_symlink()
    assert "1 valid" in (tmp_path / "page.md").read_text()


def test_a_file_elsewhere_is_none_of_the_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert telling.in_repository(tmp_path / "a" / "b.py") == "a/b.py"
    assert telling.in_repository(Path(sys.executable)) == ""
    assert telling.in_repository(None) == ""
