"""All parts of one run that touch the machine: its servers, the system's components, the outside world, and the probes."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from stormproof.brokers.broker import Server
from stormproof.drivers.clients import Clients
from stormproof.drivers.driver import Driver
from stormproof.drivers.http.driver import connections
from stormproof.effects.source import EffectSource
from stormproof.engine.links import Links
from stormproof.engine.watchers import Watchers
from stormproof.errors import ComponentError, DescriptionError
from stormproof.frameworks.framework import Framework, HasEvents
from stormproof.history import Phase, Process, ProcessWord
from stormproof.history.recorder import Recorder
from stormproof.processes.guard import Guard
from stormproof.processes.launcher import Launcher, Running
from stormproof.processes.ports import Ports
from stormproof.processes.replica import Replica
from stormproof.spec.seams import BROKERS, DRIVERS, EFFECTS, FRAMEWORKS
from stormproof.spec.system import System
from stormproof.spec.tables import Binary
from stormproof.spec.workload import key


class World:
    """Use as an async context manager: on exit, everything that it started is gone, whatever happened. If the run
    cannot continue because its disk is full or a watcher broke, its task is cancelled, and the reason is raised on
    exit.

    `run` is four hexadecimal digits that mark the run's keys; `folder` is the run folder. `binary`: the program of the
    servers, if the user has chosen one. `opened` creates one together with its recorder.
    """

    def __init__(self, system: System, folder: Path, recorder: Recorder, binary: Binary | None, run: str) -> None:
        self.system, self.folder, self.recorder, self.run = system, folder, recorder, run
        self.picture = recorder.picture
        self.picture.submissions.front = system.submit.component
        self.stores: dict[str, Server] = {}
        self.replicas: list[Replica] = []
        self.framework: Framework = FRAMEWORKS.get(system.framework)()
        self.effects: EffectSource = EFFECTS.get(system.effects.kind)(system, recorder.add, recorder.t0)
        self.links = Links(recorder, system.broker, folder / "logs" / "links.log", self._main_pid)
        self._binary = binary
        self._ports = Ports()
        self._work = Path()
        self._expected: set[int] = set()
        self._stack = AsyncExitStack()
        self._guard = Guard()
        self.watchers = Watchers(recorder, self.replicas, self.look_at, self.fail)

    async def __aenter__(self) -> World:
        self._stack.callback(self._ports.close)
        self._stack.enter_context(self._guard)
        try:
            await self._open()
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(self, *ending: Any) -> None:
        await self._stack.__aexit__(*ending)

    def fail(self, error: BaseException) -> None:
        """End the run at once with this error, without waiting for faults to be healed."""
        if not self.watchers.stopping and not self.launcher.over:
            self.launcher.end()
            self._guard.fail(error)

    async def _open(self) -> None:
        self._work = Path(tempfile.gettempdir(), f"stormproof-{self.run}-{secrets.token_hex(8)}")
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        # The mark is longer than the keys' four digits: it must be unique on the machine.
        self.launcher = await self._stack.enter_async_context(Launcher(self._work.name, logs))
        # Announced before it exists: a harness that is killed in between leaves no folder.
        self.launcher.own_folder(self._work)
        self.recorder.broken = self.fail
        self._work.mkdir(mode=0o700)
        self._probe_env = self.framework.probe(self._work)
        self.orders = self.framework.orders(self._work / "orders.json")
        (self._work / "journal").touch()
        self._stack.callback(self.effects.stop)
        await self.effects.start()
        self.http = await self._stack.enter_async_context(connections())
        self._make()
        self._stack.push_async_callback(self.links.close)
        # Last in, first out: watchers stop before the connections that they use are closed.
        self._stack.push_async_callback(self._stop)
        self.watchers.add(self.watchers.watch_over(self.launcher, self._guard, self.folder, self._work))

    def _make(self) -> None:
        """Give everything its address before anything starts."""
        values = {"work": str(self._work), **self.effects.values}
        for name, spec in self.system.stores.items():
            port = self._ports.fixed(spec.port, f"{spec.kind}.{name}.port")
            broker = BROKERS.get(spec.kind)()
            self.stores[name] = broker.server(name, spec, self.launcher, self._work / name, port, self._binary)
            self._stack.push_async_callback(self.stores[name].close)
        names = {name for name, spec in self.system.components.items() if spec.role == "worker"}
        copies = {copy for name in names for copy in _copies(name, self.system.components[name].replicas)}
        server, told = self.stores[self.system.broker], self.picture.settings
        self.messages = self.framework.messages(server, self.system.queues, self.links, told, frozenset(copies))
        self.links.messages = self.messages
        for name, component in self.system.components.items():
            for full in _copies(name, component.replicas):
                port = self._ports.fixed(component.port, f"components.{name}.port")
                replica = Replica(
                    full,
                    component,
                    self.system,
                    {**values, **self._link(full, name, component.role), "port": str(port)},
                    launcher=self.launcher,
                    recorder=self.recorder,
                    http=self.http,
                    probe_env=self.probe_env(),
                    with_probe=self.framework.with_probe,
                )
                replica.broken = self.fail
                self.replicas.append(replica)
        self.driver: Driver = DRIVERS.get(self.system.submit.kind)(self.system, self.http, self.address)
        self.begin_again(self.run)

    def begin_again(self, run: str) -> None:
        """Replace the clients by new ones, which know of no submission; `run` marks their keys."""
        self.run = run
        self.clients = Clients(self.driver, self.system, self.recorder)
        self.effects.as_described = self.clients.described

    def _link(self, replica: str, component: str, role: str) -> dict[str, str]:
        """Make the links of one copy of a component to every server; return the placeholders for their addresses."""
        values: dict[str, str] = {}
        for server in self.stores.values():
            link = self.links.add(replica, component, role, self._ports.free(), server)
            where = server.component
            url = server.url_for_system(link.port)
            values |= {f"{where}.url": url, f"{where}.host": "127.0.0.1", f"{where}.port": str(link.port)}
        return values

    def probe_env(self) -> dict[str, str]:
        """The environment with which workers load their probe."""
        return {
            **self._probe_env,
            "STORMPROOF_JOURNAL": str(self._work / "journal"),
            "STORMPROOF_ORDERS": str(self._work / "orders.json"),
        }

    async def start(self, *, everything: bool = False) -> None:
        """Start the whole system at once and wait until each part is ready. Raises ComponentError."""
        for server in self.stores.values():
            await self.start_server(server)
        self.watch()
        wanted = [replica for replica in self.replicas if everything or replica.spec.in_storms]
        for replica in wanted:
            await replica.start()
        async with asyncio.TaskGroup() as group:
            for replica in wanted:
                group.create_task(replica.ready())
        await self.listen()

    def watch(self) -> None:
        """Start recording what the probes, the servers and the processes report."""
        self.watchers.start(self.framework.journal(self._work / "journal", self.recorder.t0), self.stores.values())

    async def listen(self) -> None:
        """Start listening to the framework's own events, wherever the workers send them; return when connected. Raises
        ComponentError.
        """
        if isinstance(self.framework, HasEvents):
            await self.watchers.listen(partial(self.framework.listener, self.messages))

    async def _stop(self) -> None:
        """Stop watching, and end every process. Only the harness's own connections remain to be closed."""
        await self.watchers.stop()
        await self.launcher.stop()
        await self.watchers.stop_listening()

    # For the phases and the faults

    def phase(self, name: str) -> None:
        """Record that a phase of the run begins, and sample the running processes, independent of the sampling interval."""
        self.recorder.add(Phase(t=self.recorder.now(), name=name))
        self.watchers.look_at_processes()

    def key(self, place: int) -> str:
        """The key of the submission at this place of the workload."""
        return key(self.run, place)

    def accepted(self, place: int) -> str:
        """The id that the system gave to the submission at this place; "" if it has not given one yet."""
        return self.clients.accepted.get(self.key(place), "")

    def known_as(self, place: int) -> frozenset[str]:
        """The known names that a frame may use for the submission at this place."""
        return self.picture.submissions.names(self.key(place))

    def _main_pid(self, component: str) -> int:
        """The pid of the main process of one copy of a component, 0 if it is not running."""
        return next((replica.pid for replica in self.replicas if replica.name == component and replica.alive), 0)

    def address(self, component: str) -> str:
        """Where a component answers HTTP."""
        return next(replica.address for replica in self.replicas if replica.name == component)

    def components(self, target: str) -> list[Replica]:
        """The replicas of a component, by its name, its role, or one replica's name."""
        return [r for r in self.replicas if target in (r.name, r.spec.role, r.name.rpartition("-")[0])]

    def servers(self, target: str) -> list[Server]:
        """Servers: `KIND` for all of a kind, `KIND.NAME` for one."""
        found = [server for server in self.stores.values() if target in (server.spec.kind, server.component)]
        if not found:
            known = ", ".join(server.component for server in self.stores.values())
            raise DescriptionError(f"the system {self.system.name!r} has no server {target!r}; it has: {known}")
        return found

    def struck(self, target: str) -> list[Running]:
        """The running processes of a component or server. Raises DescriptionError if the system has nothing of this
        name.
        """
        if self.system.is_server(target):
            return [server.running for server in self.servers(target) if server.running is not None]
        found = self.components(target)
        if not found:
            known = ", ".join(sorted({replica.name for replica in self.replicas}))
            raise DescriptionError(f"the system {self.system.name!r} has no component {target!r}; it has: {known}")
        return [replica.running for replica in found if replica.running is not None]

    def kill_child(self, target: str, pid: int) -> None:
        """SIGKILL one process below a component. Does nothing if the process is not, or no longer, below it."""
        for running in self.struck(target):
            for process in running.descendants():
                if process.pid == pid:
                    process.kill()

    def expect_exit(self, target: str) -> None:
        """Announce that the harness is about to end these processes."""
        for replica in self.components(target):
            replica.expect_exit()
        if self.system.is_server(target):
            self._expected |= {server.running.pid for server in self.servers(target) if server.running is not None}

    async def start_again(self, target: str, *, lose_data: bool = False) -> None:
        """Start what has exited, unless a supervisor has done so. With `lose_data`, a server comes back with an empty
        disk.
        """
        if not self.system.is_server(target):
            for replica in self.components(target):
                await replica.start_again()
            return
        for server in self.servers(target):
            if lose_data:
                self._wipe(server)
            await self.start_server(server)

    async def start_server(self, server: Server) -> None:
        """Start one server, unless it is running, and record it."""
        if server.running is not None and server.running.alive:
            return
        try:
            await server.start(listening=lambda: self._listening(server))
        except ComponentError as error:
            self.fail(error)  # The server is the harness's own: the system is not to blame.
            raise
        if server.running is None:
            raise ComponentError(f"{server.component}: did not start")
        self._server_event(server, server.running, "ready")
        self.watchers.add(self._shut_when_gone(server, server.running))

    async def _listening(self, server: Server) -> None:
        await self.look_at(server)  # The data that it has kept is sampled before any other client can connect.
        await self.links.open(server.name)

    async def look_at(self, server: Server) -> None:
        """Record the state of a server now, with its messages if it is the broker."""
        depth = self.messages.depth if server.name == self.system.broker else None
        self.recorder.add(await server.sample(self.recorder.now(), depth))

    async def _shut_when_gone(self, server: Server, running: Running) -> None:
        await running.exited()
        if not self.watchers.stopping and not self.launcher.over:
            self._server_event(server, running, "exited")
            await self.links.shut(server.name)

    def _wipe(self, server: Server) -> None:
        """Delete the data of a server that is down."""
        server.forget_data()
        if server.running is not None:
            self._server_event(server, server.running, "wiped")

    def _server_event(self, server: Server, running: Running, word: ProcessWord) -> None:
        now, expected, code = self.recorder.now(), running.pid in self._expected, running.code or 0
        event = Process(t=now, component=server.component, role="server", pid=running.pid, word=word, code=code)
        self.recorder.add(msgspec.structs.replace(event, expected=expected))

    def release_file(self, name: str) -> Path:
        """The file that tasks under a `hold` order wait for."""
        return self._work / f"release-{name}"


@asynccontextmanager
async def opened(system: System, folder: Path, binary: Binary, run: str) -> AsyncIterator[World]:
    """A world that writes its history into the folder. Raises RunFolderError, and the errors of `World`."""
    recorder = Recorder(folder / "history.jsonl")
    try:
        async with World(system, folder, recorder, binary, run) as world:
            yield world
    finally:
        recorder.close()


def _copies(component: str, replicas: int) -> list[str]:
    """The names of all copies of a component."""
    return [component, *(f"{component}-{number}" for number in range(2, replicas + 1))]
