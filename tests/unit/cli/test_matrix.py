"""The matrix counts a cell as its row expects it, tells a mended failure from another one, and draws its tables from the same cells."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from stormproof import Scenario, State
from stormproof.checks.verdict import Finding, Status, Verdict
from stormproof.cli import matrix as comparing
from stormproof.cli.matrix import Cell
from stormproof.history import History
from stormproof.lab.versions import Row
from stormproof.runs.store import Judged, Run
from stormproof.spec import description
from stormproof.spec.choices import Choices

ROOT = Path(__file__).parents[3]
SYSTEM = description.load(ROOT / "system_under_test" / "plain.toml")
SCENARIO = Scenario(name="s", title="t")


def run(*kinds: str, status: Status = Status.INVALID) -> Run:
    """A run that shows findings, each named `check.kind`; valid where there is none."""
    verdicts = tuple(
        Verdict.of(kind.partition(".")[0], [Finding(kind=kind.partition(".")[2], message="so", status=status)], 1)
        for kind in kinds
    )
    return Run(
        folder=Path("runs/one"),
        scenario=SCENARIO,
        system=SYSTEM,
        state=State.IDLE,
        choices=Choices.draw(SCENARIO, 1),
        history=History([]),
        judged=Judged(status=status if kinds else Status.VALID, verdicts=verdicts, seconds=1.0, events=1),
    )


def cell(environment: str, *runs: Run, expected: tuple[str, ...] | None, name: str = "flap", times: int = 0) -> Cell:
    row = Row(name=name, system=Path("s"), scenario=Path("c"), group="pairs")
    return Cell(row=row, environment=environment, expected=expected, times=times or len(runs), runs=list(runs))


LOST, VALID = run("no_task_lost.lost"), run()
UNSURE = run("no_task_lost.unsettled", status=Status.UNKNOWN)


@pytest.mark.parametrize(
    ("runs", "expected", "code", "count"),
    [
        ([LOST, LOST], ("no_task_lost.lost",), 0, "2 of 2"),
        ([VALID, VALID], (), 0, "2 of 2"),
        ([LOST, VALID], ("no_task_lost.lost",), 1, "1 of 2"),
        ([run("no_task_lost.stuck")], ("no_task_lost.lost",), 1, "0 of 1"),
        ([LOST], (), 1, "0 of 1"),
        ([VALID, UNSURE], (), 2, "1 of 2"),
        ([UNSURE], ("no_task_lost.lost",), 2, "0 of 1"),
        ([LOST], None, 0, ""),
    ],
)
def test_the_worst_cell_decides(runs: list[Run], expected: tuple[str, ...] | None, code: int, count: str) -> None:
    found = cell("old", *runs, expected=expected)
    assert (comparing.ending([found])[0], found.count) == (code, count)


def test_a_system_that_did_not_start_is_unknown_and_says_so() -> None:
    found = cell("old", LOST, expected=("no_task_lost.lost",), times=2)
    assert (comparing.ending([found])[0], found.shows) == (2, "lost (1 of 2), did not start (1 of 2)")


def test_what_no_longer_fails_may_be_mended_and_what_fails_otherwise_is_not() -> None:
    mended = comparing.ending([cell("old", VALID, expected=("no_task_lost.lost",))])[1]
    assert mended == [
        "not as expected: flap in old: expected no_task_lost.lost, shows valid (mended upstream?)",
        "    replay: stormproof replay runs/one",
        "0 of 1 runs were as expected.",
    ]
    other = comparing.ending([cell("old", run("no_task_lost.stuck"), expected=("no_task_lost.lost",))])[1]
    assert other[0] == "not as expected: flap in old: expected no_task_lost.lost, shows stuck"


def test_a_group_with_the_same_environments_has_them_as_columns() -> None:
    wide = [cell(name, LOST, expected=None, name=row) for row in ("flap", "cut") for name in ("5.3", "5.4", "5.5")]
    assert comparing.markdown(wide) == (
        "## pairs\n\n| | 5.3 | 5.4 | 5.5 |\n| --- | --- | --- | --- |\n"
        "| flap | lost | lost | lost |\n| cut | lost | lost | lost |\n"
    )


def test_other_groups_have_a_line_for_each_cell() -> None:
    pair = [cell("bad", LOST, LOST, expected=("no_task_lost.lost",)), cell("good", VALID, UNSURE, expected=())]
    assert comparing.markdown(pair) == (
        "## pairs\n\n| row | environment | shows | as expected |\n| --- | --- | --- | --- |\n"
        "| flap | bad | lost | 2 of 2 |\n| flap | good | valid (1 of 2), unknown (1 of 2) | 1 of 2 |\n"
    )


def test_the_table_on_the_terminal_has_the_same() -> None:
    out = io.StringIO()
    Console(file=out, width=100).print(comparing.table([cell("bad", LOST, expected=("no_task_lost.lost",))]))
    assert out.getvalue().split()[-6:] == ["flap", "bad", "lost", "1", "of", "1"]


def test_every_process_of_a_system_gets_the_interpreter_and_its_name_says_which() -> None:
    other = comparing.with_python(SYSTEM, "/other/python", "Celery 5.7.0")
    assert {part.python for part in other.components.values()} == {"/other/python"}
    assert other.name == "plain-celery-5-7-0"
