"""A replacement for docker-py's client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docker.errors import NotFound

from stormproof.pytest_celery import options
from stormproof.pytest_celery.host import Host
from stormproof.pytest_celery.images import Images
from stormproof.pytest_celery.node import Node
from stormproof.pytest_celery.programs import Program
from stormproof.pytest_celery.shared import Networks, Partial, Volumes


class Client(Partial):
    """All nodes of one pytest session. `cache`: where workers' virtual environments are kept between sessions."""

    def __init__(self, cache: Path) -> None:
        self._host = Host()
        self.images = Images(self._host.folder / "images", cache.absolute())
        self.networks = Networks()
        self.volumes = Volumes(self._host.folder / "volumes")
        self.containers = Containers(self._host, self.images, self.volumes)

    def close(self) -> None:
        """Stop all nodes. Returns when they are gone."""
        self._host.close()


class Containers(Partial):
    """docker-py's `client.containers`."""

    def __init__(self, host: Host, images: Images, volumes: Volumes) -> None:
        self._host = host
        self._images = images
        self._volumes = volumes
        self._nodes: list[Node] = []

    def run(self, image: str, command: Any = None, **given: Any) -> Node:
        """Create a node and start it. Raises NotSupportedError."""
        node = self.create(image, command, **given)
        node.start()
        return node

    def create(self, image: str, command: Any = None, **given: Any) -> Node:
        """Create a node. Raises NotSupportedError."""
        wanted = options.parse(
            {**given, "image": image, "command": command}, lambda name: self._volumes.get(name).folder
        )
        program = self._images.get(wanted.image).program or Program()
        node = Node(wanted, program, self._host)
        self._nodes.append(node)
        return node

    def get(self, name: str) -> Node:
        """Return the node with this name or id. Raises docker's NotFound."""
        for node in self.list(all=True):
            if name in {node.name, node.id, node.short_id}:
                return node
        raise NotFound(f"no such container: {name}")

    def list(self, all: bool = False, **_: Any) -> list[Node]:  # noqa: A002 - docker-py's name.
        """Those that run, or all that are not removed."""
        return [node for node in self._nodes if node.status == "running" or (all and node.status != "removed")]
