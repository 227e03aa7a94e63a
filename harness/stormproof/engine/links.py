"""All links of a run: one for each copy of a component and each server, so that each can be cut off alone."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from stormproof.brokers.broker import Server
from stormproof.errors import DescriptionError
from stormproof.frameworks.framework import Messages
from stormproof.history import Wire
from stormproof.history.recorder import Recorder
from stormproof.spec.trigger import Moment
from stormproof.wire.codec import Reader, Unread
from stormproof.wire.rules import Rule
from stormproof.wire.server import Link


class Links:
    """The links of a run.

    `log`: the file for what they do not understand. `last_t`: when the last frame that is worth recording passed.
    `main_pid`: returns the pid of the main process of a component's copy, 0 if it is not running. `messages`: receives
    each frame, and interprets it.
    """

    def __init__(self, recorder: Recorder, broker: str, log: Path, main_pid: Callable[[str], int]) -> None:
        self._recorder, self._broker, self._log = recorder, broker, log
        self.main_pid = main_pid
        self.messages: Messages | None = None
        self._all: list[tuple[Link, frozenset[str]]] = []
        self._rules: list[Rule] = []
        self.last_t = 0.0

    def add(self, replica: str, component: str, role: str, port: int, server: Server) -> Link:
        """Make the link from one copy of a component to one server. It does not accept connections yet."""
        store = server.name
        name = replica if store == self._broker else f"{replica}.{store}"
        link = Link(name, replica, store, port, server.port, server.codec, reader=self._reader)
        link.rules.observe(self._watch)
        link.rules.notice = self._notice
        self._all.append((link, frozenset({replica, component, role})))
        return link

    def _reader(self) -> Reader:
        return self.messages.reader() if self.messages else Unread()

    def chosen(self, component: str, store: str) -> list[Link]:
        """The links of a component (its name, its role, one copy's name, or a pattern) with a server (or a pattern).

        Raises DescriptionError if there are none.
        """
        found = [
            link
            for link, names in self._all
            if any(fnmatchcase(name, component) for name in names) and fnmatchcase(link.store, store)
        ]
        if not found:
            known = ", ".join(sorted({link.name for link, _ in self._all}))
            raise DescriptionError(f"no link between {component!r} and the server {store!r}; there are: {known}")
        return found

    def of(self, replica: str) -> list[Link]:
        """The links of one copy of a component."""
        return [link for link, _ in self._all if link.component == replica]

    async def open(self, store: str) -> None:
        """Open the links of a server that has begun to listen."""
        for link in self._with(store):
            await link.open()

    async def shut(self, store: str) -> None:
        """Shut the links of a server that is gone: they refuse connections, as it would."""
        for link in self._with(store):
            await link.shut()

    async def close(self) -> None:
        """Close all links."""
        for link, _ in self._all:
            await link.close()

    @property
    def in_force(self) -> int:
        """How many rules are in force."""
        return len(self._rules)

    @property
    def met(self) -> bool:
        """Whether a rule that is in force has met something."""
        return any(rule.hits for rule in self._rules)

    def _with(self, store: str) -> Iterable[Link]:
        return [link for link, _ in self._all if link.store == store]

    @asynccontextmanager
    async def armed(self, rule: Rule, links: Iterable[Link]) -> AsyncIterator[None]:
        """Keep a rule in force on these links for the duration of the block."""
        chosen = list(links)
        for link in chosen:
            await link.arm(rule)
        self._rules.append(rule)
        if rule.at_once:
            for link in chosen:
                link.strike(rule)
        try:
            yield
        finally:
            self._rules.remove(rule)
            for link in chosen:
                await link.disarm(rule)

    def consuming_since(self, replica: str) -> float:
        """When a worker last began to consume, according to its probe; minus infinity if it never reported that."""
        return self._recorder.picture.consuming_at.get(replica, -math.inf)

    def finished_since(self, replica: str, task_id: str) -> float:
        """The start time of the latest execution of a task that has ended in this worker; minus infinity if there is
        none.
        """
        return self._recorder.picture.finished.get((replica, task_id), -math.inf)

    def connected(self, name: str, number: int) -> bool:
        """Whether a component still has that connection of its link of that name."""
        return any(link.name == name and link.connected(number) for link, _ in self._all)

    def _notice(self, text: str) -> None:
        """Log once, beside the components' own logs, what a link does not understand."""
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"{self._recorder.now():.3f} {text}\n")

    def _watch(self, moment: Moment, fate: str, injection: str) -> None:
        if self.messages is not None:
            self.messages.watch(moment, self._recorder.now())
        if moment.nil or (moment.waits and fate == "passed"):
            return  # Neither a request that blocks for an answer nor an empty answer to it is worth recording.
        self.last_t = self._recorder.now()
        self._recorder.add(
            Wire(
                t=self.last_t,
                link=moment.link,
                component=moment.component,
                store=moment.store,
                connection=moment.connection,
                direction=moment.direction,
                command=moment.command,
                key=moment.key,
                meaning=moment.meaning,
                waits=moment.waits,
                size_bytes=len(moment.raw),
                ids=moment.ids,
                fate=fate,
                fault=injection,
            )
        )
