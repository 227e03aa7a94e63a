"""What a node had of this machine is given back when it is removed."""

from __future__ import annotations

import os

from stormproof.pytest_celery.client import Client


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_removed_node_leaves_no_descriptor_and_no_folder(client: Client) -> None:
    client.containers.run("redis", ports={"6379/tcp": None}).remove(force=True)
    before = descriptors()
    nodes = [client.containers.run("redis", ports={"6379/tcp": None}) for _ in range(3)]
    assert descriptors() > before
    for node in nodes:
        node.remove(force=True)
    assert descriptors() == before
    assert not [node for node in nodes if node.place.folder.exists()]


def test_a_port_that_was_asked_for_is_that_one_and_can_be_had_again(client: Client) -> None:
    node = client.containers.create("redis", ports={"6379/tcp": None})
    port = node.place.published[6379]
    node.remove()
    again = client.containers.create("redis", ports={"6379/tcp": port})
    assert again.attrs["NetworkSettings"]["Ports"]["6379/tcp"][0]["HostPort"] == str(port)
