"""RabbitMQ lives in its node's folder, with an epmd of its own, or is refused in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from stormproof.errors import NotSupportedError
from stormproof.processes.launcher import is_running
from stormproof.pytest_celery import rabbitmq
from stormproof.pytest_celery.client import Client
from stormproof.pytest_celery.place import Place
from watching import eventually


def test_a_broker_that_is_not_installed_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotSupportedError, match="rabbitmq-server is not installed; apt-get install rabbitmq-server"):
        rabbitmq.RabbitMQ(management=False).argv(None, Place("127.11.22.33", tmp_path, {}))


@pytest.mark.skipif(not shutil.which("rabbitmq-server"), reason="rabbitmq-server is not installed")
def test_two_brokers_run_beside_each_other_and_leave_nothing(client: Client) -> None:
    nodes = [
        client.containers.run("rabbitmq:management", ports={"5672/tcp": None, "15672/tcp": None}) for _ in range(2)
    ]
    for node in nodes:
        assert eventually(lambda node=node: b"Server startup complete" in node.logs(), 60), node.logs().decode()
        assert node.exec_run(["rabbitmqctl", "list_queues"]).exit_code == 0
    pids = [pid for node in nodes for pid in node.pids]
    for node in nodes:
        node.remove(force=True)
    assert not [pid for pid in pids if is_running(pid)]
