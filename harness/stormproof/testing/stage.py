"""A real system on which a framework is proved: its workers are killed and started, and tasks of the harness's own are submitted."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

from stormproof.engine.world import World
from stormproof.errors import UnreachableError
from stormproof.frameworks.framework import Own, Unacked
from stormproof.history import Meaning, Probe, Wire
from stormproof.processes.replica import Replica
from stormproof.spec.system import System
from stormproof.testing.claims import claim, eventually, raising_nothing

T = TypeVar("T")

_AT_MOST_S = 90.0


def plain(system: System) -> System:
    """The same system with one copy of each component, and without a supervisor: a worker that was killed stays so."""
    alone = {"restart": "never", "replicas": 1}
    components = {name: component.model_copy(update=alone) for name, component in system.components.items()}
    return system.model_copy(update={"components": components})


class Task:
    """A task of the harness's own. `since`: when it was submitted, by the run's clock; `release`: the file until which it lasts."""

    def __init__(self, task_id: str, own: Own, since: float) -> None:
        self.id, self.own, self.since = task_id, own, since

    def release(self) -> None:
        """Let it end."""
        self.own.release.touch()


class Stage:
    """`within_s`: how long each thing may take that should happen soon."""

    def __init__(self, world: World, within_s: float) -> None:
        self.world, self.within_s = world, within_s
        self.framework, self.messages, self.picture = world.framework, world.messages, world.picture
        self._places = count(1)

    @property
    def workers(self) -> list[Replica]:
        """Those of the system that take part in storms."""
        return [worker for worker in self.world.components("worker") if worker.spec.in_storms]

    @property
    def alive(self) -> list[str]:
        """The names of the workers that are ready."""
        return [worker.name for worker in self.workers if worker.is_ready]

    def next_key(self) -> str:
        """A key that no task has yet."""
        return self.world.key(next(self._places))

    def file(self, name: str) -> Path:
        """A file for which tasks wait."""
        return self.world.release_file(f"testing-{name}")

    async def until(self, condition: Callable[[], object], sentence: str) -> None:
        """Wait until it holds; else the sentence is raised."""
        claim(
            await self.world.recorder.until(lambda: bool(condition()), self.within_s),
            f"{sentence} (within {self.within_s:g} s)",
        )

    async def sees(self, ask: Callable[[], Awaitable[T]], fits: Callable[[T], object], sentence: str) -> T:
        """Ask until an answer fits; else the sentence is raised, with the last answer."""
        try:
            found, answer = await eventually(ask, fits, self.within_s)
        except UnreachableError as error:
            raise AssertionError(f"UnreachableError is raised while the broker answers: {error}") from error
        claim(found, f"{sentence} (within {self.within_s:g} s); the last answer: {answer}")
        return answer

    async def submit(self, *, early: bool = False, eta_s: float = 0.0) -> Task:
        """Submit a task of the harness's own."""
        key, since = self.next_key(), self.world.recorder.now()
        own = Own(key=key, release=self.file(key), at_most_s=_AT_MOST_S, early=early, eta_s=eta_s)
        with raising_nothing("submit"):
            task_id = await asyncio.to_thread(self.framework.submit, self.messages, own)
        claim(task_id and isinstance(task_id, str), f"submit returns no id: {task_id!r}")
        return Task(task_id, own, since)

    async def started(self, task: Task) -> Probe:
        """Wait for the task's start since it was submitted last."""
        await self.until(
            lambda: (found := self.picture.started.get(task.id)) and found.t >= task.since,
            f"a worker runs, and the journal does not tell that the task {task.id} has started",
        )
        return self.picture.started[task.id]

    async def ended(self, task: Task) -> None:
        """Let the task end, and see that it has succeeded."""
        task.release()
        await self.until(
            lambda: (found := self.picture.ended.get(task.id)) and found.t >= task.since,
            f"the journal does not tell that the task {task.id} has ended",
        )
        word = self.picture.ended[task.id].word
        claim(word == "succeeded", f"the journal tells that the task {task.id} has {word}, and it has succeeded")

    async def empty(self, when: str) -> None:
        """See that no message is anywhere."""
        await self.sees(self.messages.depth, lambda depth: depth == (0, 0), f"{when}, depth is not (0, 0)")
        left = await self.sees(self.messages.unacked, lambda found: not found, f"{when}, unacked is not empty")
        claim(not left, f"{when}, unacked is not empty: {left}")

    async def unacked(self, task: Task, fits: Callable[[Unacked], object], sentence: str) -> Unacked:
        """Wait until the task's message is unacknowledged, and fits."""

        def found(messages: Sequence[Unacked]) -> list[Unacked]:
            return [message for message in messages if message.task_id == task.id and fits(message)]

        return found(await self.sees(self.messages.unacked, found, sentence))[0]

    def meanings(self, since: float, task_id: str = "") -> set[Meaning]:
        """What the frames of the workers' and clients' links have meant since then; of those that name the task, where one is given."""
        return {
            event.meaning
            for event in self.world.recorder.events
            if isinstance(event, Wire) and event.t >= since and (not task_id or task_id in event.ids)
        }

    async def kill_workers(self) -> None:
        """SIGKILL each worker with all that is below it, and wait until its connections have ended."""
        for worker in self.workers:
            self.world.expect_exit(worker.name)
            if worker.running is not None:
                worker.running.signal_tree(signal.SIGKILL)
                await worker.running.exited()
        links = [link for worker in self.workers for link in self.world.links.of(worker.name)]
        await self.until(
            lambda: not any(link.conversations for link in links), "a killed worker's connections have not ended"
        )

    async def start_workers(self) -> None:
        """Start them again, and wait until their probes say that they are ready."""
        for worker in self.workers:
            await worker.start()
            await worker.ready()
        await self.heard()

    async def heard(self) -> None:
        """See that the probe of each worker says that it is ready, with its settings."""
        for worker in self.workers:
            await self.until(
                partial(self._is_heard, worker),
                f"the probe of {worker.name} does not tell `ready` with its settings and the pid of its main process",
            )
            told = self.picture.settings[worker.name]
            claim(told.queues, f"the settings of {worker.name} name no queue that it reads")

    def _is_heard(self, worker: Replica) -> bool:
        told = self.picture.settings.get(worker.name)
        return worker.name in self.picture.ready_at and told is not None and told.pid == worker.pid
