"""A suite that was written for containers runs on nodes, and what they cannot do is neither passed nor failed."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from pytest_celery import RedisContainer
from pytest_docker_tools import container, fxtr

def test_redis_answers(default_redis_broker):
    assert default_redis_broker.client.ping()

def test_redis_is_gone_when_killed(default_redis_broker):
    default_redis_broker.kill()
    assert default_redis_broker.status == "exited"

limited = container(image="redis", cpu_quota=100_000)

def test_a_quota_is_kept(limited):
    raise AssertionError("a node pretends to have a quota")

def test_a_quota_is_kept_by_a_node_of_its_own(docker_client):
    docker_client.containers.run("redis", cpu_quota=100_000)

dead = container(image="redis", command=["redis-server", "--no-such-option"], wrapper_class=RedisContainer)

def test_a_node_that_dies_at_once_says_why(dead):
    pass
"""


@pytest.fixture(autouse=True)
def without_our_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_PLUGINS", "stormproof.pytest_celery.plugin")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def test_a_suite_for_containers_runs_unmodified(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("-rs", "-p", "no:schemathesis")
    result.assert_outcomes(passed=2, skipped=2, errors=1)
    result.stdout.fnmatch_lines(["nodes: processes*"])
    result.stdout.fnmatch_lines(
        ["SKIPPED [[]2]*not supported: cpu_quota=100000: a CFS quota has no equal among processes*"]
    )
    result.stdout.fnmatch_lines(["*ContainerFailed*exited with 1 before it was ready*no-such-option*"])


def test_dockers_own_containers_are_used_where_they_are_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it_is_dockers(docker_client): pass")
    # No daemon listens there: docker-py, which was asked, says so.
    result = pytester.runpytest_subprocess("--nodes", "docker", "-p", "no:schemathesis")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["nodes: Docker's containers", "*DockerException*"])
