"""The resources of this machine that a session's nodes use: addresses, ports, folders. All of them are released at the end."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stormproof.processes.launcher import Reaper
from stormproof.processes.ports import Ports
from stormproof.processes.reaper import MARK
from stormproof.pytest_celery.addresses import Addresses
from stormproof.pytest_celery.forwarding import Forwarding
from stormproof.pytest_celery.options import Options
from stormproof.pytest_celery.place import Place
from stormproof.pytest_celery.programs import Program


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
        """Return a place for a node."""
        address = self._addresses.take()
        folder = self.folder / "nodes" / address
        published = {native: self._ports.fixed(port, f"port {native}/tcp") for native, port in options.ports.items()}
        return Place(
            address, folder, options.binds, published, tuple(self._ports.free() for _ in range(program.spare_ports))
        )

    def started(self, place: Place, pid: int) -> None:
        """Tie a node's session to this process, and forward its ports."""
        self._reaper.own_session(pid)
        for native, port in place.published.items():
            self._forwarding.open(port, place.address, native)

    def stopped(self, place: Place) -> None:
        """Make a node's ports refuse connections."""
        for port in place.published.values():
            self._forwarding.close(port)

    def removed(self, place: Place) -> None:
        """Remove everything that belongs to a node."""
        self.stopped(place)
        for port in (*place.published.values(), *place.spare):
            self._ports.give_back(port)
        self._addresses.give_back(place.address)
        shutil.rmtree(place.folder, ignore_errors=True)

    def close(self) -> None:
        """Stop all nodes. Returns when they are gone."""
        self._forwarding.stop()
        self._reaper.end()
        self._reaper.wait()
        self._addresses.close()
        self._ports.close()
