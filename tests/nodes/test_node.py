"""A node does what docker-py's container would do."""

from __future__ import annotations

import io
import secrets
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest
import redis
from docker.errors import APIError
from redis.backoff import NoBackoff
from redis.retry import Retry
from stormproof.errors import NotSupportedError
from stormproof.pytest_celery import private_tmp
from stormproof.pytest_celery.client import Client
from stormproof.pytest_celery.node import Node
from watching import eventually

READY = b"Ready to accept connections"


@pytest.fixture
def node(client: Client) -> Node:
    """A Redis that is ready."""
    node = client.containers.run("redis:latest", ports={"6379/tcp": None})
    assert eventually(lambda: READY in node.logs())
    return node


def connection(node: Node) -> Any:
    return redis.Redis(port=node.place.published[6379], retry=Retry(NoBackoff(), 0))


def test_its_id_begins_with_the_address_where_it_listens(node: Node) -> None:
    assert len(node.id) == 64
    assert node.id[:12] == node.short_id == node.attrs["Config"]["Hostname"]
    assert node.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"] == node.short_id
    with socket.create_connection((node.short_id, 6379), timeout=5) as there:
        there.sendall(b"PING\r\n")
        assert there.recv(100) == b"+PONG\r\n"


def test_its_published_port_leads_to_it_before_and_after_a_restart(node: Node) -> None:
    connection(node).set("key", "value")
    port = node.attrs["NetworkSettings"]["Ports"]["6379/tcp"][0]["HostPort"]
    node.restart()
    assert eventually(lambda: READY in node.logs())
    assert node.attrs["NetworkSettings"]["Ports"]["6379/tcp"][0]["HostPort"] == port
    assert connection(node).get("key") == b"value"


def test_its_log_begins_with_its_last_start(node: Node) -> None:
    node.restart()
    assert eventually(lambda: READY in node.logs())
    assert node.logs().count(READY) == 1


def test_a_killed_node_has_exited_and_its_port_refuses(node: Node) -> None:
    node.kill()
    assert (node.status, node.attrs["State"]["ExitCode"]) == ("exited", 137)
    with pytest.raises(redis.ConnectionError, match="refused"):
        connection(node).ping()


def test_a_node_is_killed_by_the_name_or_the_number_of_a_signal(node: Node) -> None:
    node.kill("TERM")
    assert node.wait(10) == {"StatusCode": 0}
    node.start()
    node.kill(9)
    assert node.wait(10) == {"StatusCode": 137}


def test_nothing_is_done_in_a_node_that_does_not_run(node: Node) -> None:
    node.kill()
    with pytest.raises(APIError, match="is not running"):
        node.exec_run("true")
    with pytest.raises(APIError, match="is not running"):
        node.kill()


def test_a_running_node_is_removed_by_force_only(client: Client, node: Node) -> None:
    with pytest.raises(APIError, match="stop it before it is removed"):
        node.remove()
    node.remove(force=True)
    assert client.containers.list(all=True) == []
    assert not node.place.folder.exists()


def test_a_command_in_it_finds_its_program_and_answers_with_its_code(node: Node) -> None:
    assert node.exec_run("redis-cli CONFIG GET bind").output.decode().split() == ["bind", node.short_id]
    assert node.exec_run(["sh", "-c", "echo $WORD; exit 3"], environment={"WORD": "said"}) == (3, b"said\n")


def test_its_sockets_are_its_own(client: Client, node: Node) -> None:
    other = client.containers.run("redis", command=["redis-server", "--port", "1"])
    assert eventually(lambda: READY in other.logs())
    listed = node.exec_run("cat /proc/net/tcp /proc/net/tcp6").output.decode()
    assert {line.split()[1].partition(":")[2] for line in listed.splitlines() if line.split()[3] == "0A"} == {
        f"{6379:04X}"
    }


def test_files_go_in_and_come_out_again(client: Client) -> None:
    node = client.containers.create("redis", volumes={"mine": {"bind": "/app"}})
    packed = io.BytesIO()
    with tarfile.open(mode="w:gz", fileobj=packed) as archive:
        entry = tarfile.TarInfo("folder/file.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    packed.seek(0)
    node.put_archive("/app", packed)
    assert (client.volumes.get("mine").folder / "folder" / "file.txt").read_text() == "hello"
    pieces, about = node.get_archive("/app/folder")
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        assert archive.getnames() == ["folder", "folder/file.txt"]
    assert about["name"] == "folder"


def test_it_may_use_the_processors_that_it_was_given(client: Client) -> None:
    node = client.containers.run("redis", cpuset_cpus="0")
    assert b"Cpus_allowed_list:\t0\n" in node.exec_run("cat /proc/self/status").output


@pytest.mark.parametrize("namespaces", [True, False])
def test_each_node_has_a_tmp_of_its_own(
    client: Client, node: Node, namespaces: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not namespaces:
        monkeypatch.setattr(private_tmp, "available", lambda: False)
    name = f"marker-{secrets.token_hex(8)}"
    other = client.containers.run("redis")
    place = "${TMPDIR:-/tmp}"
    assert node.exec_run(["sh", "-c", f"touch {place}/{name}"]).exit_code == 0
    assert node.exec_run(["sh", "-c", f"test -e {place}/{name}"]).exit_code == 0
    assert other.exec_run(["sh", "-c", f"test -e {place}/{name}"]).exit_code == 1
    assert not Path("/tmp", name).exists()


def test_what_nodes_have_not_is_refused_by_name(client: Client, node: Node) -> None:
    with pytest.raises(NotSupportedError, match=r"Node\.pause: nodes have none; run this on Docker"):
        node.pause()  # type: ignore[attr-defined]
    with pytest.raises(NotSupportedError, match=r"Client\.swarm: nodes have none"):
        client.swarm  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(NotSupportedError, match=r"exec_run\(privileged=...\)"):
        node.exec_run("true", privileged=True)
