"""Scenarios are values: they survive being stored, faults and all."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from stormproof import Injection, Kill, Mail, Reset, Scenario, sends
from stormproof.brokers.redis.faults import GarbleResult
from stormproof.campaign import catalogue
from stormproof.errors import ScenarioError
from stormproof.frameworks.faults import Revoke
from stormproof.spec import description
from stormproof.spec.faults import decode_fault, decode_scenario, encode_scenario, kinds, label, offers
from stormproof.spec.scenario import why_not
from stormproof.spec.system import System
from stormproof.spec.tables import Component

WORKER = Component(role="worker", command=("worker",))
ROOT = Path(__file__).parents[3]
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
    assert len({str(fault.__struct_config__.tag) for fault in kinds()}) == len(kinds())


@pytest.mark.parametrize("name", ["hardened", "tutorial"])
def test_every_fault_is_offered_but_those_of_one_certain_task(name: str) -> None:
    system = description.load(ROOT / "system_under_test" / f"{name}.toml")
    offered = offers(system)
    assert {type(fault) for fault in offered} == set(kinds()) - {GarbleResult, Revoke}
    assert [decode_fault(msgspec.to_builtins(fault)) for fault in offered] == offered
    buttons = [(fault.target, label(fault)) for fault in offered]
    assert len(set(buttons)) == len(buttons)
    assert ("worker", "kill child") in buttons
    assert ("api", "link: delay delay ms 250") in buttons


ONE = System.model_validate(
    {
        "name": "shop",
        "redis": {"broker": {}},
        "components": {
            "api": {"role": "api", "command": ["api"]},
            "tasks": {"role": "worker", "command": ["worker"], "env": {"SMTP": "{smtp.port}"}},
        },
        "submit": {"path": "/"},
        "status": {"path": "/"},
    }
)


@pytest.mark.parametrize(
    ("injection", "reason"),
    [
        (Injection(fault=Kill(component="worker")), ""),
        (Injection(fault=Kill(component="redis.results")), "no server 'redis.results'; it has: redis, redis.broker"),
        (Injection(fault=Kill(component="beat")), "no component 'beat'; it has: api, tasks"),
        (Injection(fault=Kill(component="api"), when=sends("flower", "PING")), "no component 'flower'"),
        (Injection(fault=Kill(component="api"), until=sends("api", store="results")), "no server 'results'"),
        (Injection(fault=Reset(component="nobody"), when=sends("worker", "PING")), ""),
        (Injection(fault=Reset(component="tasks", store="bro*")), ""),
        (Injection(fault=Reset(component="nobody")), "no component 'nobody'"),
        (Injection(fault=GarbleResult(place=1)), ""),
        (Injection(fault=Mail(mode="silent")), ""),
    ],
)
def test_what_keeps_a_storm_from_a_system_is_known_before_anything_starts(injection: Injection, reason: str) -> None:
    found = why_not((Injection(fault=Kill(component="worker")), injection), ONE)
    assert reason in found
    assert bool(found) == bool(reason)


def test_a_system_that_is_not_told_of_the_mail_server_cannot_be_struck_there() -> None:
    silent = ONE.model_copy(update={"components": {"api": ONE.components["api"]}})
    assert why_not((Injection(fault=Mail(mode="silent")),), silent) == "it does not use {smtp.host} and {smtp.port}"


@pytest.mark.parametrize("system", ["tutorial", "hardened"])
def test_every_scenario_of_the_catalogue_applies_to_the_reference_systems(system: str) -> None:
    described = description.load(ROOT / "system_under_test" / f"{system}.toml")
    assert [s.name for s in catalogue.load_folder(CHAOS) if why_not(s.storm, described)] == []


def test_most_of_the_catalogue_applies_to_a_system_with_one_redis_and_no_mail() -> None:
    shop = ONE.model_copy(update={"components": {"api": ONE.components["api"], "worker": WORKER}})
    lacking = [s.name for s in catalogue.load_folder(CHAOS) if why_not(s.storm, shop)]
    assert lacking == ["results_down", "timeout"]
