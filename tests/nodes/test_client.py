"""What stands for Docker's client makes nodes, and leaves none behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from docker.errors import NotFound
from stormproof.processes.launcher import is_running
from stormproof.pytest_celery.client import Client
from watching import eventually

SESSION = """
import sys, time
from pathlib import Path
from stormproof.pytest_celery.client import Client
client = Client(Path(sys.argv[1]))
node = client.containers.run("redis", ports={"6379/tcp": None})
print(node.pids[0], node.place.folder, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_session_that_is_killed_leaves_no_process_and_no_folder(tmp_path: Path, ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as session:
        assert session.stdout is not None
        pid, folder = session.stdout.readline().split()
        session.send_signal(ending)
    assert eventually(lambda: not is_running(int(pid)))
    assert eventually(lambda: not Path(folder).parents[1].exists())


def test_closing_ends_all_nodes(tmp_path: Path) -> None:
    client = Client(tmp_path)
    pids = [pid for _ in range(2) for pid in client.containers.run("redis").pids]
    client.close()
    assert len(pids) == 2
    assert not [pid for pid in pids if is_running(pid)]


def test_nodes_are_found_by_name_and_by_id(client: Client) -> None:
    node = client.containers.create("redis", name="mine")
    for name in ("mine", node.id, node.short_id):
        assert client.containers.get(name) is node
    with pytest.raises(NotFound):
        client.containers.get("another")


def test_only_running_nodes_are_listed_unless_all_are_asked_for(client: Client) -> None:
    resting, running = client.containers.create("redis"), client.containers.run("redis")
    assert client.containers.list() == [running]
    assert client.containers.list(all=True) == [resting, running]
