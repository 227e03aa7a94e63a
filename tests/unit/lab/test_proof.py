"""A file of mistakes is read into systems with one mistake each, and a wrong one is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof import State
from stormproof.errors import UsageError
from stormproof.lab import proof

ROOT = Path(__file__).parents[3]
FILE = ROOT / "tests" / "planted" / "prove.toml"

SYSTEM = f'system = "{ROOT / "system_under_test" / "hardened.toml"}"\n'
MISTAKE = f"""
[[mistake]]
name = "slow_sweeper"
says = "it sweeps once a minute"
scenario = "{ROOT / "chaos" / "redis_restarted.py"}"
expect = ["no_task_lost.lost"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "prove.toml"
    path.write_text(text)
    return path


def test_there_are_at_least_thirty_mistakes_and_each_differs_from_the_system() -> None:
    found = proof.load(FILE)
    assert len(found.mistakes) >= 30
    for mistake in found.mistakes:
        same = mistake.system.model_copy(update={"name": found.system.name})
        assert same != found.system, mistake.name
        assert mistake.expect


def test_each_mistake_against_a_promise_is_planted_or_told_as_missed_and_why() -> None:
    """One list says of each which finding gives it away; those that none does are named with the reason."""
    lines = (FILE.parent / "promises.md").read_text().splitlines()
    rows = [line.split("|")[2:5] for line in lines if line.startswith("| ") and "`" in line]
    listed = {name.strip(" `"): found.strip(" `") for name, _, found in rows}
    planted = {mistake.name: [kind.split(".")[1] for kind in mistake.expect] for mistake in proof.load(FILE).mistakes}
    reasons = (ROOT / "docs" / "proof.md").read_text().partition("### What no check can see")[2]
    for name, found in listed.items():
        if found == "missed":
            assert name not in planted and f"`{name}`" in reasons
            assert (FILE.parent / "mistakes" / f"{name}.py").exists()
        else:
            assert planted[name] == [found]
    assert len(listed) > 30 and set(listed.values()) > {"missed", "effect_differs"}


def test_a_changed_value_and_a_patch_are_in_the_system_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "mistakes").mkdir()
    (tmp_path / "mistakes" / "late.py").write_text("")
    text = SYSTEM + MISTAKE + 'patch = "late"\nstate = "holding_eta"\nchange.env = { SWEEP_EVERY_S = "60" }\n'
    (mistake,) = proof.load(written(tmp_path, text)).mistakes
    assert mistake.state is State.HOLDING_ETA
    assert mistake.system.env["SWEEP_EVERY_S"] == "60"
    assert mistake.system.env["STALL_S"] == "5"
    command = mistake.system.components["worker"].command
    assert command[0] == "{python}"
    assert [Path(word).name for word in command[1:3]] == ["plant.py", "late.py"]
    assert command[3:6] == ("celery", "-A", "hardened.worker")


def test_the_controls_are_the_scenarios_of_the_mistakes_each_once() -> None:
    found = proof.load(FILE).only(("early_acknowledgement", "result_ignored", "no_time_limit"))
    assert {name for name, _ in found.controls} == {"calm", "task_hangs"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SYSTEM + MISTAKE.replace("no_task_lost.lost", "no_task_lost.gone"), "no check reports 'no_task_lost.gone'"),
        (SYSTEM + MISTAKE + 'patch = "absent"\n', "slow_sweeper: no such file"),
        (SYSTEM + MISTAKE + "pacth = 3\n", "pacth"),
        (SYSTEM + MISTAKE.replace("redis_restarted", "redis_rested"), "no such scenario file"),
        ("system = [", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_names_the_mistake(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        proof.load(written(tmp_path, text))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_mistake_that_is_none_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(UsageError, match=r"no mistake is named 'nobody'; there are: early_acknowledgement, "):
        proof.load(FILE).only(("nobody",))
