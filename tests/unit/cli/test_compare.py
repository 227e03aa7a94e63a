"""`stormproof compare` reads folders of runs, refuses what cannot be compared, and ends with 0, 1 or 2."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from stored import LOST, SYSTEM
from stormproof import Scenario, State, Workload
from stormproof.checks.verdict import Finding, Verdict
from stormproof.cli import compare as contrasting
from stormproof.errors import RunFolderError, UsageError
from stormproof.history import AnyEvent, History, Invoked, Returned, encode
from stormproof.runs import store
from stormproof.spec.choices import Choices
from stormproof.spec.system import System
from stormproof.spec.tables import Binary

PAGE = Path(__file__).parents[3] / "docs" / "compare.md"


def stored(
    runs: Path,
    took_s: float,
    *findings: Finding,
    name: str = "calm",
    tasks: int = 8,
    judged: bool = True,
    system: str = "mine",
) -> Path:
    """A run whose one submission took so long."""
    scenario = Scenario(name=name, title="t", workload=Workload(tasks=tasks))
    described = System.model_validate(SYSTEM | {"name": system})
    folder = store.create(runs, scenario, described, State.IDLE)
    store.write_plan(folder, scenario, described, State.IDLE, Choices.draw(scenario, 1), Binary("/bin/redis", "7"))
    events: list[AnyEvent] = [
        Invoked(t=1.0, op=1, kind="submit", key="a"),
        Returned(t=1.0 + took_s, op=1, outcome="ok", task_id="id"),
    ]
    (folder / "history.jsonl").write_bytes(b"".join(map(encode, events)))
    if judged:
        found = store.judged(History(events), (Verdict.of("no_task_lost", findings, 1),))
        store.write(folder, "verdict.json", found)
    return folder


def compare(*words: object) -> Result:
    return CliRunner().invoke(contrasting.command, [str(word) for word in words], standalone_mode=False)


def refused(*words: object) -> str:
    error = compare(*words).exception
    assert isinstance(error, UsageError), error
    return str(error)


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """Six runs before, and six after that are ten times as slow."""
    for number in range(6):
        stored(tmp_path / "before", 0.01 + number / 1000)
        stored(tmp_path / "after", 0.1 + number / 1000)
    return tmp_path / "before", tmp_path / "after"


def test_a_slower_group_is_worse_and_ends_with_1(sides: tuple[Path, Path]) -> None:
    result = compare(*sides)
    assert result.return_value == 1, result.output
    assert "calm on mine: before 6 runs, after 6 runs" in result.output
    assert re.search(r"submission p50 +12\.5 ms +103 ms +\+90\.0 \(87\.0 to 93\.0\) ms +worse", result.output)
    assert "worse: submission p50 (12.5 ms -> 103 ms)" in result.output


def test_a_faster_group_is_better_and_ends_with_0(sides: tuple[Path, Path]) -> None:
    result = compare(*reversed(sides))
    assert result.return_value == 0
    assert "3 better" in result.output


def test_against_takes_all_that_a_shell_expands(sides: tuple[Path, Path]) -> None:
    before, after = sides
    result = compare(*sorted(after.iterdir()), "--against", *sorted(before.iterdir()), "--json")
    found = json.loads(result.output)
    assert (len(found["comparisons"][0]["before"]), len(found["comparisons"][0]["after"])) == (6, 6)
    assert found["status"] == "worse"
    assert json.loads(compare("--against", before, "--json", after).output) == found


def test_one_run_of_each_says_nothing_of_figures(tmp_path: Path) -> None:
    result = compare(stored(tmp_path, 0.01), stored(tmp_path, 5.0))
    assert result.return_value == 0
    assert "figures: unknown whether that is noise; give several runs of each" in result.output


def test_one_run_of_each_has_its_verdicts_compared(tmp_path: Path) -> None:
    before, after = stored(tmp_path, 0.01), stored(tmp_path, 0.01, LOST)
    assert compare(before, after).return_value == 1
    assert "worse: no_task_lost (valid -> invalid)" in compare(before, after).output
    assert compare(after, before).return_value == 0


def test_too_few_runs_are_unknown_and_how_many_would_do_is_told(tmp_path: Path) -> None:
    for number in range(3):
        stored(tmp_path / "before", 0.01 + number / 1000)
        stored(tmp_path / "after", 0.1 + number / 1000)
    result = compare(tmp_path / "before", tmp_path / "after")
    assert result.return_value == 2
    assert "too few runs for 3 figures at once: 5 of each would do" in result.output


def test_different_scenarios_are_compared_only_anyway(tmp_path: Path) -> None:
    before, after = stored(tmp_path, 0.01), stored(tmp_path, 0.01, name="storm")
    assert refused(before, after) == (
        "not the same scenario and system: calm on mine and storm on mine; --anyway compares them nevertheless"
    )
    assert "calm on mine -> storm on mine" in compare(before, after, "--anyway").output


def test_different_systems_are_compared_only_anyway(tmp_path: Path) -> None:
    assert "--anyway" in refused(stored(tmp_path, 0.01), stored(tmp_path, 0.01, system="other"))


def test_a_scenario_that_has_changed_under_its_name_is_another(tmp_path: Path) -> None:
    before, after = stored(tmp_path / "before", 0.01), stored(tmp_path / "after", 0.01, tasks=80)
    assert "its workload or storm is not the same in all runs" in refused(before, after)
    same = stored(tmp_path / "before", 0.01, tasks=80)
    assert "is not the same in all runs" in refused(same.parent, after)
    assert "is not the same in all runs" in refused(same.parent, stored(tmp_path / "after", 0.01).parent)
    assert compare(before, after, "--anyway").return_value == 0


def test_each_scenario_of_two_folders_has_a_table_and_one_that_is_missing_is_unknown(tmp_path: Path) -> None:
    for name in ("calm", "storm"):
        stored(tmp_path / "before", 0.01, name=name)
        stored(tmp_path / "after", 0.01, name=name)
    assert compare(tmp_path / "before", tmp_path / "after").return_value == 0
    stored(tmp_path / "before", 0.01, name="gone")
    stored(tmp_path / "after", 0.01, name="new")
    result = compare(tmp_path / "before", tmp_path / "after")
    assert result.return_value == 2
    assert [line for line in result.output.splitlines() if line.startswith("only")] == [
        "only before: gone on mine",
        "only after: new on mine",
    ]
    assert "calm on mine: before 1 run, after 1 run" in result.output


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    folder = stored(tmp_path, 0.01)
    assert "is on both sides" in refused(folder, folder.parent)


def test_what_is_no_run_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="neither a run folder nor a folder of run folders"):
        contrasting.groups([tmp_path])
    folder = stored(tmp_path, 0.01, judged=False)
    with pytest.raises(RunFolderError, match="was not judged; stormproof analyze"):
        contrasting.groups([folder])


def test_one_folder_alone_or_three_without_against_are_refused(tmp_path: Path) -> None:
    assert "compare what with what?" in refused(tmp_path)
    assert "compare what with what?" in refused(tmp_path, tmp_path, tmp_path)


def test_json_has_the_keys_that_are_documented_and_no_other(sides: tuple[Path, Path]) -> None:
    found: dict[str, Any] = json.loads(compare(*sides, "--json").output)
    (comparison,) = found["comparisons"]
    keys = {*found, *(f"comparisons.{key}" for key in comparison), *(f"lines.{key}" for key in comparison["lines"][0])}
    table = PAGE.read_text().partition("## JSON")[2]
    assert set(re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE)) == keys


def test_a_payload_in_a_name_of_a_check_steers_no_terminal(tmp_path: Path) -> None:
    for side in ("before", "after"):
        folder = stored(tmp_path / side, 0.01)
        verdict = (folder / "verdict.json").read_text()
        findings = '"status": 2' if side == "after" else '"status": 0'
        (folder / "verdict.json").write_text(
            verdict.replace("no_task_lost", "\\u001b[31m\\n::error::x").replace('"status": 0', findings)
        )
    result = compare(tmp_path / "before", tmp_path / "after")
    assert "\x1b[31m" not in result.output
    assert not re.search(r"^\s*::", result.output, re.MULTILINE)
