"""What plain tox runs: the whole catalogue, in each worker state, though no storm on the hardened system twice in full."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from stormproof.campaign import catalogue

ROOT = Path(__file__).parents[2]


def test_every_scenario_meets_the_hardened_system_in_each_of_its_states() -> None:
    """By `chaos`, which names files, or by `demo`, which has the rest."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    assert {"chaos", "demo"} <= set(re.split(r"[,\s]+", tox["tox"]["env_list"]))
    named = re.findall(r"chaos/(\w+)\.py", tox["testenv:chaos"]["commands"])
    assert named
    for scenario in catalogue.load_folder(ROOT / "chaos"):
        in_demo = set() if scenario.calm else set(scenario.demo_states or scenario.states)
        missed = set(scenario.states) - in_demo
        assert scenario.name in named or scenario.calm or not missed, f"{scenario.name}: nothing runs it in {missed}"
