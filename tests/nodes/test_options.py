"""What a container is asked to be is understood or refused, and never ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stormproof.errors import NotSupportedError
from stormproof.pytest_celery.options import Options, parse


def parsed(**given: Any) -> Options:
    return parse({"image": "redis", **given}, lambda name: Path("/volumes") / name)


def test_an_empty_word_that_the_templates_made_none_is_an_empty_word_again() -> None:
    assert parsed(command=["redis-server", "--save", None]).command == ("redis-server", "--save", "")


def test_a_command_in_one_string_is_split_into_words() -> None:
    assert parsed(command="redis-server --save ''").command == ("redis-server", "--save", "")


def test_numbers_in_the_environment_become_text() -> None:
    assert parsed(environment={"REDIS_PORT": 6379, "EMPTY": None}).environment == {"REDIS_PORT": "6379", "EMPTY": ""}


def test_ports_are_of_this_machine_and_any_where_none_is_named() -> None:
    assert parsed(ports={"6379/tcp": None, "80": "8080"}).ports == {6379: None, 80: 8080}


def test_volumes_and_folders_are_told_apart() -> None:
    found = parsed(volumes={"mine": {"bind": "/app", "mode": "rw"}, "/srv": {"bind": "/srv2", "mode": "ro"}})
    assert found.binds == {"/app": Path("/volumes/mine"), "/srv2": Path("/srv")}
    assert found.volumes == {"/app": "mine"}


def test_processors_are_a_set_and_all_of_them_where_none_is_named() -> None:
    assert parsed(cpuset_cpus="0").cpus == {0}
    assert parsed().cpus is None


def test_a_quota_of_none_is_no_quota() -> None:
    assert parsed(cpu_quota=-1, cpu_period=100_000).cpus is None


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"cpu_quota": 200_000}, "cpu_quota=200000: a CFS quota has no equal among processes"),
        ({"mem_limit": "1g"}, "containers.run(mem_limit=...) has no equal among processes"),
        ({"ports": {"53/udp": None}}, "port 53/udp: only tcp"),
        ({"ports": {"80/tcp": ("0.0.0.0", 80)}}, "ports are published on 127.0.0.1 only"),
        ({"cpuset_cpus": "4096"}, "cpuset_cpus='4096'"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_what_processes_cannot_be_is_refused_by_name(option: dict[str, Any], said: str) -> None:
    with pytest.raises(NotSupportedError) as refusal:
        parsed(**option)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
