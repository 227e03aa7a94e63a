"""Scenario files are found, and what is wrong with one is told in a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.campaign import catalogue
from stormproof.errors import ScenarioError

GOOD = 'from stormproof import Scenario\nscenario = Scenario(name="{name}", title="t")\n'
CHAOS = Path(__file__).parents[3] / "chaos"


def test_a_scenario_is_loaded_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GOOD.format(name="mine"))
    assert catalogue.load(path).name == "mine"
    assert [found.name for found in catalogue.load_folder(tmp_path)] == ["mine"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.format(name="other"), "name it as the file, 'mine'"),
        ("scenario = 3", "has no value `scenario`"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("def (", "cannot be imported: SyntaxError"),
    ],
)
def test_a_wrong_file_is_named_with_its_mend(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        catalogue.load(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_scenario_is_told_with_those_that_exist() -> None:
    with pytest.raises(ScenarioError, match=r"worker_kiled\.py: no such scenario file; there: .*worker_killed"):
        catalogue.load(CHAOS / "worker_kiled.py")


def test_an_empty_folder_has_no_scenarios(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no scenario files there"):
        catalogue.load_folder(tmp_path)


def test_every_scenario_of_ours_tells_its_story_and_its_cure() -> None:
    for path in sorted(CHAOS.glob("*.py")):
        scenario, text = catalogue.load(path), path.read_text()
        assert text.startswith('"""'), path
        if scenario.storm:
            assert "As an operator meets it:" in text, path
            assert "What cures it:" in text, path
