"""The corpus of sound systems: its list is complete, up to date and within its rules, and each row becomes a system."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from stormproof.lab import sound
from stormproof.lab.sound import Corpus

FOLDER = Path(__file__).parents[2] / "sound"


@pytest.fixture(scope="module")
def modules() -> Iterator[dict[str, ModuleType]]:
    """The corpus' own modules, by name; they import each other as siblings."""
    import importlib

    names = ["factors", "described", "twins", "corpus", "generate"]
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(FOLDER))
        for name in names:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def rows(modules: dict[str, ModuleType]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = modules["corpus"].configurations()
    return found


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return sound.load(FOLDER / "corpus.py")


def test_there_are_at_least_a_hundred_configurations_and_two_hundred_runs(
    rows: list[dict[str, str]], corpus: Corpus
) -> None:
    assert len(rows) >= 100
    assert len(corpus.names) == len(rows)
    assert len(corpus.sound) >= 200


def test_no_two_configurations_are_the_same(rows: list[dict[str, str]]) -> None:
    assert len({tuple(row.values()) for row in rows}) == len(rows)


def test_the_list_is_what_the_generator_writes(modules: dict[str, ModuleType]) -> None:
    written = modules["generate"].as_csv(modules["generate"].generate())
    assert (FOLDER / "configurations.csv").read_text() == written, "run: python tests/sound/generate.py"


def test_each_pair_of_values_that_no_rule_excludes_is_in_the_list(
    modules: dict[str, ModuleType], rows: list[dict[str, str]]
) -> None:
    """A pair is possible if some whole configuration has it: rules look at pairs of factors, so a pair that no rule forbids by itself
    may still be impossible, by a third factor. That is looked for.
    """
    factors, rules = modules["factors"].FACTORS, modules["factors"].RULES
    seen = {pair for row in rows for pair in itertools.combinations(row.items(), 2)}
    missing = []
    for one, other in itertools.combinations(factors, 2):
        for pair in itertools.product(((one, v) for v in factors[one]), ((other, v) for v in factors[other])):
            if pair not in seen and _possible(dict(pair), factors, rules):
                missing.append(pair)
    assert not missing


def _possible(fixed: dict[str, str], factors: dict[str, tuple[str, ...]], rules: Any) -> bool:
    """Whether the rest can be filled so that no rule is broken."""
    touched = [name for name in factors if name not in fixed and any(name in rule.factors for rule in rules)]
    whole = {name: values[0] for name, values in factors.items()} | fixed
    return _fill(whole, set(fixed), touched, factors, rules)


def _fill(
    row: dict[str, str], known: set[str], rest: list[str], factors: dict[str, tuple[str, ...]], rules: Any
) -> bool:
    if any(not rule.allows(row) for rule in rules if set(rule.factors) <= known):
        return False
    if not rest:
        return True
    name, *others = rest
    return any(_fill({**row, name: value}, known | {name}, others, factors, rules) for value in factors[name])


def test_no_configuration_breaks_a_rule_and_each_rule_says_why(
    modules: dict[str, ModuleType], rows: list[dict[str, str]]
) -> None:
    for rule in modules["factors"].RULES:
        assert len(rule.says.split()) > 3
        assert set(rule.factors) <= set(modules["factors"].FACTORS)
        assert all(rule.allows(row) for row in rows), rule.says


def test_each_rule_excludes_something(modules: dict[str, ModuleType]) -> None:
    factors = modules["factors"].FACTORS
    for rule in modules["factors"].RULES:
        combined = itertools.product(*(factors[name] for name in rule.factors))
        assert not all(rule.allows(dict(zip(rule.factors, values, strict=True))) for values in combined), rule.says


def test_every_value_changes_what_the_system_is_told(
    modules: dict[str, ModuleType], rows: list[dict[str, str]]
) -> None:
    """A factor that nothing reads would be a hundred times the same system."""
    factors, describe = modules["factors"].FACTORS, modules["described"].describe
    for name, values in factors.items():
        if name == "celery":
            continue  # It is the environment.
        told = {
            json.dumps(describe({**rows[0], "results": "another Redis", name: value}, calm=True)) for value in values
        }
        assert len(told) == len(values), name


def test_each_system_is_calm_and_in_one_storm_at_least_where_it_promises_to_survive_it(corpus: Corpus) -> None:
    by_system: dict[str, list[str]] = {}
    for each in corpus.sound:
        by_system.setdefault(each.system.name, []).append(each.scenario.name)
    assert all(storms[0] == "calm" for storms in by_system.values())
    for each in corpus.sound:
        if each.scenario.name == "worker_killed":
            assert each.system.promises.delivery == "at_least_once", each.system.name


def test_the_sample_is_small_and_shows_all_that_it_must(
    modules: dict[str, ModuleType], rows: list[dict[str, str]], corpus: Corpus
) -> None:
    chosen = [row for number, row in enumerate(rows, 1) if modules["corpus"].name_of(number) in corpus.sample]
    assert 0 < len(chosen) <= 8
    for what, shows in modules["corpus"].SAMPLE.items():
        assert any(shows(row) for row in chosen), what


def test_at_least_thirty_twins_differ_from_a_sound_system_by_one_mistake(corpus: Corpus) -> None:
    systems = {(each.system.name, each.scenario.name): each.system for each in corpus.sound}
    assert len({twin.of for twin in corpus.twins}) >= 30
    assert len({twin.mistake.name for twin in corpus.twins}) == len(corpus.twins)
    for twin in corpus.twins:
        mistake, healthy = twin.mistake, systems[twin.of, twin.mistake.scenario.name]
        assert mistake.expect
        commands = {name: spec.command for name, spec in mistake.system.components.items()}
        patches = {command[2] for command in commands.values()}
        assert len(patches) == 1 and Path(patches.pop()).is_file()
        same = {
            name: spec.model_copy(update={"command": healthy.components[name].command})
            for name, spec in mistake.system.components.items()
        }
        assert mistake.system.model_copy(update={"name": healthy.name, "components": same}) == healthy


def test_each_mistake_has_a_twin_and_each_file_a_mistake(modules: dict[str, ModuleType], corpus: Corpus) -> None:
    planned = {each.patch for each in modules["twins"].MISTAKES}
    assert {path.stem for path in (FOLDER / "mistakes").glob("*.py")} == planned
    says = {twin.mistake.says for twin in corpus.twins}
    assert says == {each.says for each in modules["twins"].MISTAKES}
