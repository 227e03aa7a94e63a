"""Random storms strike what the system has, and are the same again by their number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stormproof.search import random_storm
from stormproof.spec import description, faults

ROOT = Path(__file__).parents[3]
DESCRIPTION = ROOT / "system_under_test" / "hardened.toml"
SYSTEM = description.load(DESCRIPTION)


def test_the_same_number_gives_the_same_storm_and_another_number_another() -> None:
    assert random_storm.draw(SYSTEM, 10, 3) == random_storm.draw(SYSTEM, 10, 3)
    assert len({random_storm.draw(SYSTEM, 10, number).storm for number in range(6)}) == 6


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_number_means_the_same_storm_in_another_process(number: int) -> None:
    code = (
        "import json, sys, pathlib; from stormproof.search import random_storm;"
        " from stormproof.spec import description, faults; json.loads('[7, 11, 13]');"
        f"s = random_storm.draw(description.load(pathlib.Path({str(DESCRIPTION)!r})), 20, {number});"
        "print(json.dumps(faults.encode_scenario(s), sort_keys=True))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = json.dumps(faults.encode_scenario(random_storm.draw(SYSTEM, 20, number)), sort_keys=True)
    assert done.stdout.strip() == here


@pytest.mark.parametrize("number", range(10))
def test_all_that_is_struck_exists_and_is_struck_within_the_storm(number: int) -> None:
    storm = random_storm.draw(SYSTEM, 20, number)
    known = {*SYSTEM.components, "redis.broker", "redis.results", "mail", "*", ""}
    for injection in storm.storm:
        target = injection.when.component if injection.when else injection.fault.target
        assert target in known
        assert 0 <= injection.at_s <= 19
        place = getattr(injection.when, "place", None)
        assert place is None or place < storm.workload.tasks
    assert len(storm.storm) >= 5


@pytest.mark.parametrize("number", range(10))
def test_nothing_is_struck_twice_at_a_time(number: int) -> None:
    last: dict[str, float] = {}
    for injection in random_storm.draw(SYSTEM, 20, number).storm:
        if injection.when is None:
            what = injection.fault.name + injection.fault.target
            assert injection.at_s > last.get(what, -1)
            last[what] = injection.at_s + injection.for_s


def test_a_longer_storm_has_more_faults() -> None:
    assert len(random_storm.draw(SYSTEM, 30, 1).storm) > len(random_storm.draw(SYSTEM, 5, 1).storm)
