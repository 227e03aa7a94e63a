"""What nodes share by name."""

from __future__ import annotations

from stormproof.pytest_celery.client import Client


def test_nodes_share_a_volume_until_it_is_removed(client: Client) -> None:
    volume = client.volumes.create("shared")
    one, two = (client.containers.create("redis", volumes={"shared": {"bind": "/data"}}) for _ in range(2))
    (one.place.path("/data/file")).write_text("seen")
    assert two.place.path("/data/file").read_text() == "seen"
    volume.remove(True)
    assert not volume.folder.exists()


def test_a_network_is_a_name_that_nodes_are_in(client: Client) -> None:
    network = client.networks.create("mine", labels={"a": "b"})
    node = client.containers.create("redis", network=network.name)
    assert list(node.attrs["NetworkSettings"]["Networks"]) == ["mine"]
    assert network.attrs["Labels"] == {"a": "b"}
