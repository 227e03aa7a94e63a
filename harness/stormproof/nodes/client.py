"""What stands where docker-py has its client."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import NotFound

from stormproof.nodes import options
from stormproof.nodes.addresses import Addresses
from stormproof.nodes.forwarding import Forwarding
from stormproof.nodes.images import Images
from stormproof.nodes.node import Node
from stormproof.nodes.place import Place
from stormproof.nodes.programs import Program
from stormproof.ports import Ports
from stormproof.processes import Reaper
from stormproof.reaper import MARK


class Client:
    """All nodes of one pytest session, with all that they need of this machine. When this process ends, however it ends, they end."""

    def __init__(self, cache: Path) -> None:
        self._run = secrets.token_hex(8)
        self._reaper = Reaper(self._run)
        folder = Path(tempfile.mkdtemp(prefix="stormproof-nodes-"))
        self._reaper.own_folder(folder)
        self._ports = Ports()
        self._forwarding = Forwarding()
        self.images = Images(folder / "images", cache.absolute(), self._ports)
        self.networks = Networks()
        self.volumes = Volumes(folder / "volumes")
        self.containers = Containers(
            folder / "nodes", self, reaper=self._reaper, ports=self._ports, forwarding=self._forwarding, run=self._run
        )

    def close(self) -> None:
        """End all nodes; returns when they are gone."""
        self._forwarding.stop()
        self._reaper.end()
        self._reaper.wait()
        self.containers.addresses.close()
        self._ports.close()


class Containers:
    """docker-py's `client.containers`, and the host of its nodes."""

    def __init__(
        self, folder: Path, client: Client, *, reaper: Reaper, ports: Ports, forwarding: Forwarding, run: str
    ) -> None:
        self._folder = folder
        self._client = client
        self._reaper = reaper
        self._ports = ports
        self._forwarding = forwarding
        self._env = {MARK: run}
        self._nodes: dict[str, Node] = {}
        self.addresses = Addresses()

    def run(self, image: str, command: Any = None, **given: Any) -> Node:
        """Make a node and start it. Raises NotSupportedError."""
        node = self.create(image, command, **given)
        node.start()
        return node

    def create(self, image: str, command: Any = None, **given: Any) -> Node:
        """Make a node. Raises NotSupportedError."""
        wanted = options.parse(
            {**given, "image": image, "command": command}, lambda name: self._client.volumes.get(name).folder
        )
        program = self._client.images.get(wanted.image).program or Program()
        address = self.addresses.take()
        node = Node(
            wanted,
            program,
            Place(address, self._folder / address, wanted.binds),
            ports={native: self._ports.fixed(port, f"port {native}/tcp") for native, port in wanted.ports.items()},
            env=self._env,
            host=self,
        )
        self._nodes[node.id] = node
        return node

    def get(self, name: str) -> Node:
        """The node of this name or id. Raises docker's NotFound."""
        for node in self._nodes.values():
            if name in {node.name, node.id, node.short_id}:
                return node
        raise NotFound(f"no such container: {name}")

    def list(self, all: bool = False, **_: Any) -> list[Node]:  # noqa: A002 - docker-py's name.
        """Those that run, or all."""
        return [node for node in self._nodes.values() if all or node.status == "running"]

    def started(self, node: Node, pid: int) -> None:
        """Its session ends with us, and its ports lead to it."""
        self._reaper.own_session(pid)
        for native, port in node.ports.items():
            self._forwarding.open(port, node.place.address, native)

    def stopped(self, node: Node) -> None:
        """Its ports refuse."""
        for port in node.ports.values():
            self._forwarding.close(port)

    def removed(self, node: Node) -> None:
        """Nothing of it is left."""
        self.stopped(node)
        del self._nodes[node.id]
        self.addresses.give_back(node.place.address)
        shutil.rmtree(node.place.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Network:
    """All nodes reach each other: a network is a name."""

    name: str
    attrs: Mapping[str, Any]
    id: str = field(default_factory=lambda: secrets.token_hex(32))

    def remove(self) -> None:
        """Nothing is there to be removed."""


class Networks:
    """docker-py's `client.networks`."""

    def create(self, name: str, labels: Mapping[str, str] | None = None, **_: Any) -> Network:
        """A name."""
        return Network(name, {"Name": name, "Labels": dict(labels or {})})


@dataclass(frozen=True, slots=True)
class Volume:
    """A folder that nodes share."""

    name: str
    folder: Path
    attrs: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name."""
        return self.name

    def remove(self, force: bool = False) -> None:
        """Remove what is in it, too."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Volumes:
    """docker-py's `client.volumes`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Volume] = {}

    def create(self, name: str, labels: Mapping[str, str] | None = None, **_: Any) -> Volume:
        """An empty folder."""
        folder = self._folder / secrets.token_hex(8)
        folder.mkdir(parents=True)
        self._made[name] = Volume(name, folder, {"Name": name, "Labels": dict(labels or {})})
        return self._made[name]

    def get(self, name: str) -> Volume:
        """The volume of this name; made where there is none, as Docker does."""
        return self._made[name] if name in self._made else self.create(name)
