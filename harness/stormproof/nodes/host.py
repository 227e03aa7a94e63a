"""What the nodes of one session have of this machine: addresses, ports, folders; and that all of it is given back."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stormproof.nodes.addresses import Addresses
from stormproof.nodes.forwarding import Forwarding
from stormproof.nodes.options import Options
from stormproof.nodes.place import Place
from stormproof.nodes.programs import Program
from stormproof.ports import Ports
from stormproof.processes import Reaper
from stormproof.reaper import MARK

if TYPE_CHECKING:
    from stormproof.nodes.node import Node


class Host:
    """When this process ends, however it ends, all nodes end. `env`: what marks their processes as ours."""

    def __init__(self) -> None:
        run = secrets.token_hex(8)
        self.env: Mapping[str, str] = {MARK: run}
        self._reaper = Reaper(run)
        # Announced before it is there: who is killed in between leaves no folder.
        self.folder = Path(tempfile.gettempdir(), f"stormproof-nodes-{run}")
        self._reaper.own_folder(self.folder)
        self.folder.mkdir(mode=0o700)
        self._addresses = Addresses()
        self._ports = Ports()
        self._forwarding = Forwarding()

    def place(self, options: Options, program: Program) -> Place:
        """Where a node may live."""
        address = self._addresses.take()
        folder = self.folder / "nodes" / address
        published = {native: self._ports.fixed(port, f"port {native}/tcp") for native, port in options.ports.items()}
        return Place(
            address, folder, options.binds, published, tuple(self._ports.free() for _ in range(program.spare_ports))
        )

    def started(self, node: Node, pid: int) -> None:
        """The node's session ends with us, and its ports lead to it."""
        self._reaper.own_session(pid)
        for native, port in node.place.published.items():
            self._forwarding.open(port, node.place.address, native)

    def stopped(self, node: Node) -> None:
        """The node's ports refuse."""
        for port in node.place.published.values():
            self._forwarding.close(port)

    def removed(self, node: Node) -> None:
        """Nothing of the node is left."""
        self.stopped(node)
        for port in (*node.place.published.values(), *node.place.spare):
            self._ports.give_back(port)
        self._addresses.give_back(node.place.address)
        shutil.rmtree(node.place.folder, ignore_errors=True)

    def close(self) -> None:
        """End all nodes; returns when they are gone."""
        self._forwarding.stop()
        self._reaper.end()
        self._reaper.wait()
        self._addresses.close()
        self._ports.close()
