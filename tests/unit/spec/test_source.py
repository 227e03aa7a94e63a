"""A scenario is written as a person would have written it, and says what it said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from stormproof import Delay, Injection, Kill, Reset, Scenario, State, Workload, receives, sends
from stormproof.search import random_storm
from stormproof.spec import description
from stormproof.spec.source import as_file

ROOT = Path(__file__).parents[3]
SYSTEM = description.load(ROOT / "system_under_test" / "late.toml")
BY_HAND = Scenario(
    name="by_hand",
    title='a "quoted" title',
    workload=Workload(tasks=3),
    storm=(
        Injection(fault=Kill(component="worker", how="child"), at_s=0.5, for_s=1.0),
        Injection(fault=Reset(), when=sends("worker", "HSET", key="unacked", place=2)),
        Injection(fault=Delay(delay_ms=None), when=receives("api"), until=receives("worker", "BRPOP"), for_s=2.0),
    ),
    states=tuple(State),
)


def executed(text: str) -> Any:
    space: dict[str, Any] = {}
    exec(text, space)
    return space["scenario"]


@pytest.mark.parametrize("number", range(25))
def test_executing_the_text_of_any_storm_gives_that_storm(number: int) -> None:
    storm = random_storm.draw(SYSTEM, 12, number)
    assert executed(as_file(storm, "A storm.")) == storm


def test_triggers_are_written_as_people_write_them() -> None:
    text = as_file(BY_HAND, "By hand.")
    assert executed(text) == BY_HAND
    assert 'Injection(fault=Reset(), when=sends("worker", "HSET", key="unacked", place=2)),' in text
    assert "states=tuple(State)," in text
    assert "from stormproof import Delay, Injection, Kill, Reset, Scenario, State, Workload, receives, sends" in text


def test_defaults_are_not_said() -> None:
    text = as_file(Scenario(name="calm", title="nothing"), "Calm.")
    assert (
        text
        == '"""Calm.\n"""\n\nfrom stormproof import Scenario\n\nscenario = Scenario(\n    name="calm",\n    title="nothing",\n)\n'
    )


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed here")
def test_the_formatter_would_not_change_the_code(tmp_path: Path) -> None:
    for number in range(5):
        text = as_file(random_storm.draw(SYSTEM, 20, number), "A storm.\n\nDrawn.")
        path = tmp_path / f"storm_{number}.py"
        path.write_text(text.partition("\n\nfrom")[2])
    command = ["ruff", "format", "--isolated", "--line-length", "120", "--diff", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not [
        line
        for line in done.stdout.splitlines()
        if line.startswith("+") and "import" not in line and not line.startswith("+++")
    ], done.stdout
