"""Scenarios are values: they survive being stored, faults and all."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from stormproof import Injection, Kill, Scenario, catalogue
from stormproof import system as systems
from stormproof.errors import ScenarioError
from stormproof.faults import (
    ALL,
    GarbleResult,
    Revoke,
    decode_fault,
    decode_scenario,
    encode_scenario,
    label,
    offers,
)

ROOT = Path(__file__).parents[2]
CHAOS = ROOT / "chaos"


@pytest.mark.parametrize("path", sorted(CHAOS.glob("*.py")), ids=lambda path: path.stem)
def test_every_scenario_is_read_back_as_it_was_stored(path: Path) -> None:
    scenario = catalogue.load(path)
    stored = msgspec.json.decode(msgspec.json.encode(encode_scenario(scenario)))
    assert decode_scenario(stored) == scenario


def test_a_scenario_names_the_faults_that_must_happen() -> None:
    scenario = Scenario(name="s", title="t", storm=(Injection(fault=Kill(component="worker")),))
    assert scenario.planned == ("kill",)
    assert scenario.storm[0].fault.target == "worker"


@pytest.mark.parametrize(
    "stored", [{"name": "s"}, {"name": "s", "title": "t", "storm": [{"fault": {"fault": "flood"}}]}, 3]
)
def test_what_is_no_scenario_is_refused(stored: object) -> None:
    with pytest.raises(ScenarioError, match="not a stored scenario"):
        decode_scenario(stored)


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len({str(fault.__struct_config__.tag) for fault in ALL}) == len(ALL)


@pytest.mark.parametrize("name", ["hardened", "tutorial"])
def test_every_fault_is_offered_but_those_of_one_certain_task(name: str) -> None:
    system = systems.load(ROOT / "system_under_test" / f"{name}.toml")
    offered = offers(system)
    assert {type(fault) for fault in offered} == set(ALL) - {GarbleResult, Revoke}
    assert [decode_fault(msgspec.to_builtins(fault)) for fault in offered] == offered
    buttons = [(fault.target, label(fault)) for fault in offered]
    assert len(set(buttons)) == len(buttons)
    assert ("worker", "kill child") in buttons
    assert ("api", "link: delay delay ms 250") in buttons
