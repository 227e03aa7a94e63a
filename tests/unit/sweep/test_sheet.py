"""A sweep's sheet survives a stop, and is compared with an earlier one."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
import stored
from stormproof.cli import sweep as sweeping
from stormproof.errors import RunFolderError
from stormproof.spec.system import System
from stormproof.spec.tables import Binary
from stormproof.sweep import matrix
from stormproof.sweep import sheet as sheets
from stormproof.sweep.cells import Cell, cells
from stormproof.sweep.outcome import Outcome, Word
from stormproof.sweep.points import Point
from stormproof.sweep.sheet import Result, Sheet

POINTS = (Point.parse("worker:HSET(unacked):request:1"), Point.parse("worker:EXEC:reply:1"))
SYSTEM = System.model_validate(stored.SYSTEM)
IDS = tuple(cell.id for cell in cells(POINTS, ("kill", "reset"), "broker"))


def sheet(*words: Word, said: str = "lost: gone") -> Sheet:
    made = sheets.new(
        SYSTEM, POINTS, ("kill", "reset"), cells(POINTS, ("kill", "reset"), "broker"), 1, Binary("redis-server", "7")
    )
    for cell, word in zip(IDS, words, strict=False):
        outcome = Outcome(word=word, said=(said,) if word is not Word.INTACT else ())
        made.results[cell] = Result(
            cell=cell, outcome=outcome, reached=True, lane="lane-1", first=3, last=9, seconds=0.5
        )
    return made


def test_what_was_known_when_it_was_stopped_is_known_again(tmp_path: Path) -> None:
    sheets.save(tmp_path, sheet(Word.LOST, Word.INTACT))
    loaded = sheets.load(tmp_path)
    assert [cell.id for cell in loaded.left] == list(IDS[2:])
    assert loaded.results == sheet(Word.LOST, Word.INTACT).results
    assert System.model_validate(loaded.system) == SYSTEM


def test_only_what_is_worse_than_the_baseline_counts_and_what_got_fixed_is_told() -> None:
    worse, fixed = sheets.compare(
        sheet(Word.LOST, Word.INTACT, Word.WEDGED, Word.LATE), sheet(Word.LOST, Word.DOUBLED, Word.LATE)
    )
    assert [result.cell for result in worse] == [IDS[2], IDS[3]]
    assert fixed == [IDS[1]]


def test_the_broken_ones_are_told_with_the_worst_first() -> None:
    found = sheet(Word.WEDGED, Word.STRANDED, Word.LOST).broken()
    assert [result.outcome.word for result in found] == [Word.LOST, Word.WEDGED]


def test_cells_that_were_not_played_are_counted_and_told() -> None:
    every_cell = (Word.LOST, Word.INTACT, Word.INTACT, Word.INTACT)
    assert not any("not played" in text for text in matrix.legend(sheet(*every_cell)))
    assert "    2 -      not played: the sweep was stopped" in "\n".join(matrix.legend(sheet(*every_cell[:2])))
    assert "not played" in matrix.page(sheet(*every_cell[:2]))


def test_a_folder_without_a_sheet_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"not a sweep's folder: No such file"):
        sheets.load(tmp_path)
    (tmp_path / sheets.FILE).write_text("{}")
    with pytest.raises(RunFolderError, match=r"sweep\.json: cannot be read"):
        sheets.load(tmp_path)


def test_there_is_one_test_case_for_each_cell_and_the_failing_ones_fail() -> None:
    suite = ElementTree.fromstring(matrix.junit(sheet(Word.LOST, Word.UNKNOWN, Word.INTACT), [IDS[0]]))
    cases = {f"{case.get('classname')}/{case.get('name')}": [child.tag for child in case] for case in suite}
    assert cases == {IDS[0]: ["failure"], IDS[1]: ["skipped"], IDS[2]: []}


def test_a_hostile_value_stays_text_on_the_page() -> None:
    page = matrix.page(sheet(Word.LOST, said="<script>alert(1)</script>"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_matrix_has_a_row_for_each_point_in_order() -> None:
    rows = matrix.markdown(sheet(Word.LOST, Word.INTACT, Word.WEDGED)).splitlines()
    assert rows[2:] == ["| `worker:HSET(unacked):request:1` | LOST | WEDG |", "| `worker:EXEC:reply:1` | · | - |"]


def test_a_jobs_page_has_the_matrix_and_what_replays_each_failing_cell() -> None:
    page = sweeping.page(sheet(Word.LOST, Word.INTACT, said="`<b>"), [IDS[0]])
    assert "## Sweep of `mine`" in page
    assert "| `worker:HSET(unacked):request:1` | LOST | - |" in page
    (line,) = [text for text in page.splitlines() if "stormproof replay" in text]
    assert line == f"- ``lost       {IDS[0]}: `<b>``: `stormproof replay '{IDS[0]}' --system FILE`"


def test_a_jobs_page_tells_of_a_hundred_failing_cells_at_most() -> None:
    page = sweeping.page(sheet(Word.LOST), [IDS[0]] * 120)
    assert page.count("stormproof replay") == 100
    assert "- ... and 20 more" in page


def test_first_faults_that_left_the_same_state_are_followed_once() -> None:
    made = sheet(Word.STRANDED, Word.STRANDED, Word.STRANDED, Word.INTACT)
    again = (Point.parse("worker:BRPOP(celery):reply:1"),)
    for number, cell in enumerate(IDS[:3]):
        made.results[cell] = msgspec.structs.replace(made.results[cell], recovery=again if number < 2 else POINTS)
    planned, same, nothing = sheets.second_order(made, "broker")
    assert (same, nothing) == (1, 1)
    assert planned[0].id == f"{IDS[0]}>worker:BRPOP(celery):reply:1/kill"
    assert {cell.id.partition(">")[0] for cell in planned} == {IDS[0], IDS[2]}
    assert Cell.parse(planned[0].id) == planned[0]
