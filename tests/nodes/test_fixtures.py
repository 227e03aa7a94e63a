"""A worker of any virtual environment is one line."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import sys
import pytest
from pytest_celery import CeleryBackendCluster, CeleryBrokerCluster, CeleryTestSetup
from pytest_celery.vendors.worker.tasks import ping
from stormproof.pytest_celery.fixtures import worker

default_worker_container = worker("venv:" + sys.prefix)

@pytest.fixture
def celery_broker_cluster(celery_redis_broker):
    return CeleryBrokerCluster(celery_redis_broker)

@pytest.fixture
def celery_backend_cluster(celery_redis_backend):
    return CeleryBackendCluster(celery_redis_backend)

def test_a_task_is_done_and_the_worker_has_its_nodes_name(celery_setup: CeleryTestSetup):
    assert ping.s().apply_async().get(timeout=20) == "pong"
    worker = celery_setup.worker
    assert [name for reply in celery_setup.app.control.ping() for name in reply] == [worker.hostname()]
    assert worker.hostname().endswith(worker.container.id[:12])
    names = {process["name"] for process in worker.get_running_processes_info(["pid", "name"])}
    assert names == {"celery"}
"""


def test_a_worker_of_a_virtual_environment_does_tasks(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_PLUGINS", "stormproof.pytest_celery.plugin")
    pytester.makepyfile(SUITE)
    pytester.runpytest_subprocess("-p", "no:schemathesis").assert_outcomes(passed=1)
