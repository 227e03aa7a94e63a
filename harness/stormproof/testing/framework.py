"""Proves a `Framework` with a real system of its own: where its messages are, who holds them, and what the probe tells."""

from __future__ import annotations

import asyncio
import math
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stormproof.engine.world import World
from stormproof.errors import UnreachableError
from stormproof.frameworks.framework import Cancels, Framework, HasEvents, Hold, Messages, TakesBadMessages
from stormproof.history import CeleryEvent
from stormproof.history.recorder import Recorder
from stormproof.spec.scenario import State
from stormproof.spec.system import System
from stormproof.testing.claims import claim, raising_nothing
from stormproof.testing.stage import Stage, Task, plain

_ETA_S = 600.0
"""A task with such an ETA is due only when the proof is over."""

_HELD_S = 1.0
"""A task of the system that no order holds has ended by then."""


def check_framework(system: System, folder: Path, *, within_s: float = 10.0) -> None:
    """Prove the framework of a system that is sound and still: nothing but its API submits tasks.

    The key of a submission reaches its task, and where the framework has events of its own, the system sends them. All of it is started, with
    one copy of each component; its workers are killed twice, and in the end its broker. `folder` is the run folder. `within_s`: how long
    each thing may take that should happen soon. Call it where no event loop runs. Raises AssertionError.
    """
    asyncio.run(_check(plain(system), folder, within_s))


async def _check(system: System, folder: Path, within_s: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(folder / "history.jsonl")
    try:
        async with World(system, folder, recorder, None, secrets.token_hex(2)) as world:
            await world.start()
            proof = _Proof(Stage(world, within_s))
            await proof.is_still()
            await proof.task_of_the_system()
            await proof.tasks_of_our_own()
            await proof.abandoned()
            await proof.cancels()
            await proof.due_later()
            await proof.queued()
            await proof.unreachable()
    finally:
        recorder.close()


class _Proof:
    def __init__(self, stage: Stage) -> None:
        self._stage, self._world = stage, stage.world
        self._framework: Framework = stage.framework
        self._messages: Messages = stage.messages

    def _can(self, state: State) -> bool:
        return state in self._framework.states

    async def is_still(self) -> None:
        """The probes are heard, all is looked at, and nothing is there."""
        stage = self._stage
        await stage.heard()
        await stage.empty("before anything was submitted")

        async def unseen() -> str:
            return self._messages.unseen(stage.alive)

        await stage.sees(unseen, lambda said: not said, "unseen says that something is not looked at")

    async def task_of_the_system(self) -> None:
        """A task that the API publishes: its key, its frames, and an order that it obeys."""
        stage, key, since = self._stage, self._stage.next_key(), self._world.recorder.now()
        until = stage.file("order")
        order = {"key": key, "do": "hold", "until": str(until)}
        self._world.orders.give(order)
        reply = await self._world.driver.submit(key)
        claim(reply.outcome == "ok", f"the system does not accept a submission: {reply.error}")
        starts = stage.picture.started
        await stage.until(
            lambda: any(start.key == key for start in starts.values()),
            f"the journal tells no start of a task with the key of the submission, {key}",
        )
        task_id = next(start.task_id for start in starts.values() if start.key == key)
        await stage.until(lambda: self._heard_of(task_id), "its own events tell nothing of a task that was started")
        ended = await self._world.recorder.until(lambda: task_id in stage.picture.ended, _HELD_S)
        claim(not ended, "an order to hold a task is not obeyed: the task has ended")
        until.touch()
        self._world.orders.take_back(order)
        await stage.until(
            lambda: task_id in stage.picture.ended, "a task that was held by an order does not end when it is let go"
        )
        self._frames(("publish", "deliver"), since, task_id)
        claim(task_id in self._framework.result_key(task_id), f"result_key({task_id!r}) does not name the task")
        await stage.empty("after the task of a submission")

    def _heard_of(self, task_id: str) -> bool:
        if not isinstance(self._framework, HasEvents):
            return True
        return any(isinstance(event, CeleryEvent) and event.task_id == task_id for event in self._world.recorder.events)

    def _frames(self, wanted: tuple[Any, ...], since: float, task_id: str = "") -> None:
        found = self._stage.meanings(since, task_id)
        for meaning in wanted:
            of_it = f"that names the task {task_id} " if task_id else "of a task's life "
            claim(
                meaning in found,
                f"no frame {of_it}on the links means {meaning!r}; there are: {', '.join(sorted(found))}",
            )

    async def tasks_of_our_own(self) -> None:
        """A task that is acknowledged late is unacknowledged while it runs, and one that is acknowledged early is not."""
        stage, messages = self._stage, self._messages
        if self._can(State.RUNNING_LATE):
            task = await stage.submit()
            await self._told(task)
            said = "while a task that is acknowledged late runs, depth counts no unacknowledged message"
            await stage.sees(messages.depth, lambda depth: depth == (0, 1), said)
            said = "while a task that is acknowledged late runs, unacked does not say that its worker has it (HELD)"
            message = await stage.unacked(task, lambda message: message.hold is Hold.HELD, said)
            claim(message.eta is None, f"unacked tells an ETA of a message that has none: {message.eta}")
            await stage.ended(task)
            await stage.empty("after a task that is acknowledged late")
            self._frames(("deliver", "hold"), task.since, task.id)
            self._frames(("acknowledge",), task.since)
        if self._can(State.RUNNING_EARLY):
            task = await stage.submit(early=True)
            await self._told(task)
            await stage.empty("while a task that is acknowledged early runs")
            await stage.ended(task)
            self._frames(("deliver",), task.since, task.id)

    async def _told(self, task: Task) -> None:
        """The journal tells that it was received, then started, by whom and with which key."""
        stage = self._stage
        start = await stage.started(task)
        claim(
            task.id in stage.picture.received,
            f"the journal tells that the task {task.id} has started, and not that it was received",
        )
        claim(
            stage.picture.received[task.id].t <= start.t, "the journal tells of a start before the message was received"
        )
        claim(
            start.key == task.own.key,
            f"the journal tells the key {start.key!r} of a task whose key is {task.own.key!r}",
        )
        pids = {worker.pid: worker.name for worker in stage.workers}
        claim(
            pids.get(start.parent) == start.component,
            f"the journal tells of a start in {start.component}, whose main process is not {start.parent}",
        )
        claim(task.id not in stage.picture.ended, f"the task {task.id} has ended before its file was there")

    async def cancels(self) -> None:
        """A task that is cancelled before it runs never starts."""
        stage, framework = self._stage, self._framework
        if not isinstance(framework, Cancels):
            return
        slots = sum(stage.picture.settings[name].processes for name in stage.alive)
        claim(slots > 0, "the settings of its workers do not say how many tasks they run at once (processes)")
        busy = [await stage.submit(early=self._can(State.RUNNING_EARLY)) for _ in range(slots)]
        for task in busy:
            await stage.started(task)
        unwanted = await stage.submit()
        with raising_nothing("cancel"):
            knew = await asyncio.to_thread(framework.cancel, self._messages, [unwanted.id])
        claim(knew, "cancel returns nobody that knows of it, while a worker is ready")
        for task in (*busy, unwanted):
            task.release()
        for task in busy:
            await stage.ended(task)
        await stage.empty("after a task was cancelled")
        claim(unwanted.id not in stage.picture.started, "a task that was cancelled before it ran was started")

    async def abandoned(self) -> None:
        """What a killed worker held is found, handed back at once, and executed to its end."""
        stage, messages = self._stage, self._messages
        if not self._can(State.RUNNING_LATE):
            return
        task = await stage.submit()
        await stage.started(task)
        await stage.kill_workers()
        said = "the worker was killed in mid-task, and unacked does not say that its message is abandoned (GONE)"
        message = await stage.unacked(task, lambda message: message.hold is Hold.GONE, said)
        claim(not messages.returns(message, []), "returns is true where no worker lives")
        claim(not messages.hand_back([message], []), "hand_back returns something where no worker lives")
        task.since = self._world.recorder.now()
        await stage.start_workers()
        if await messages.unacked():  # A worker may have taken it back as it started.
            claim(
                messages.returns(message, stage.alive),
                "returns is false for an abandoned message, though a worker lives",
            )
            backs = messages.hand_back([message], stage.alive)
            claim(
                [back.task_ids for back in backs] == [(task.id,)],
                f"hand_back does not return the one abandoned message: {backs}",
            )
            claim(backs[0].waited_s > 0, "hand_back does not say how long the message would have waited")
            with raising_nothing("what hand_back returns"):
                await asyncio.to_thread(backs[0].do)
        if self._framework.promises.get("delivery") == "at_most_once":
            await stage.empty("after an abandoned message was handed back, which is not to be executed again")
            start = stage.picture.started[task.id]
            claim(start.t < task.since, "a task that is delivered at most once was executed again")
            return
        start = await stage.started(task)
        claim(
            start.parent in {worker.pid for worker in stage.workers},
            "a message that was handed back is executed by a worker that is gone",
        )
        await stage.ended(task)
        await stage.empty("after an abandoned message was handed back and executed")

    async def due_later(self) -> None:
        """A task that is due later is unacknowledged, with its ETA, in the worker that has it."""
        if not self._can(State.HOLDING_ETA):
            return
        later = await self._stage.submit(eta_s=_ETA_S)
        said = "a worker has a task that is due later, and unacked does not say so with its ETA and HELD"
        await self._stage.unacked(later, lambda message: message.eta is not None and message.hold is Hold.HELD, said)
        claim(later.id not in self._stage.picture.started, f"a task that is due in {_ETA_S:g} s was started at once")

    async def queued(self) -> None:
        """While no worker runs, depth counts each message, wherever it is published; then workers take them."""
        stage, messages = self._stage, self._messages
        await stage.kill_workers()
        for server in self._world.servers(self._world.system.broker_server):
            await server.empty()
        await stage.empty("after `empty` of the broker")
        tasks = [await self._waits(n, early=n == 1) for n in range(1 + self._can(State.RUNNING_EARLY))]
        bad = await self._bad(len(tasks))
        if self._can(State.HOLDING_ETA):
            await self._waits(len(tasks) + len(bad), eta_s=_ETA_S)
        claim(not await messages.astray(), "astray counts messages in places that workers read")
        await stage.start_workers()
        for task in tasks:
            await stage.started(task)
            await stage.ended(task)
        for kind, taken in bad.items():
            await self._taken(kind, taken)
        await messages.discover()
        claim(not await messages.discover(), "discover finds new places each time, though nothing is published")

    async def _taken(self, kind: str, taken: Callable[[], Any]) -> None:
        """Wait until a bad message was taken. It may be too much for the worker that takes it, or for one before: that is the system's affair."""

        async def asked() -> bool:
            if not all(worker.alive for worker in self._stage.workers):
                await self._stage.start_workers()
            return bool(await taken())

        said = f"put_bad({kind!r}): a worker runs, and what it returned does not say that the message was taken"
        await self._stage.sees(asked, bool, said)

    async def _waits(self, before: int, *, early: bool = False, eta_s: float = 0.0) -> Task:
        """Submit one more task than wait already, and see it counted."""
        task = await self._stage.submit(early=early, eta_s=eta_s)
        what = "a task that is due later" if eta_s else "a task that is acknowledged early" if early else "a task"
        said = f"no worker runs, {what} was submitted, and depth does not count it: {before + 1} should wait"
        await self._stage.sees(
            self._messages.depth, lambda depth: sum(depth) == before + 1 and (eta_s or depth[0] == before + 1), said
        )
        return task

    async def _bad(self, before: int) -> dict[str, Callable[[], Any]]:
        """Put each bad message into the queue; what asks whether it was taken, by its kind."""
        framework, messages, found = self._framework, self._messages, {}
        if not isinstance(framework, TakesBadMessages):
            return {}
        claim(framework.bad_messages, "it takes bad messages, and bad_messages names none")
        for number, kind in enumerate(framework.bad_messages, before + 1):
            with raising_nothing(f"put_bad({kind!r})"):
                found[kind] = await framework.put_bad(messages, kind, self._stage.next_key())
            claim(
                not await found[kind](),
                f"put_bad({kind!r}): no worker runs, and what it returned says that the message was taken",
            )
            said = f"put_bad({kind!r}): no worker runs, and depth does not count the message: {number} should wait"
            claim((await messages.depth())[0] == number, said)
        return found

    async def unreachable(self) -> None:
        """While the broker is gone, nothing is counted as none."""
        stage, messages, broker = self._stage, self._messages, self._world.system.broker_server
        self._world.expect_exit(broker)
        for running in self._world.struck(broker):
            running.signal_tree(signal.SIGKILL)
            await running.exited()
        for name in ("depth", "unread", "unacked", "discover"):  # `astray` asks nobody where no such place is known.
            with raising_nothing(f"{name}, while the broker is gone,"):
                answer: Any = math.nan
                try:
                    answer = await getattr(messages, name)()
                except UnreachableError:
                    continue
            raise AssertionError(
                f"while the broker is gone, {name} returns {answer} and does not raise UnreachableError"
            )
        try:
            await stage.submit()
        except AssertionError as error:
            claim(
                isinstance(error.__cause__, UnreachableError),
                f"while the broker is gone, {error}, and not UnreachableError",
            )
        else:
            raise AssertionError("while the broker is gone, submit does not raise UnreachableError")


if TYPE_CHECKING:
    from stormproof.frameworks.celery.framework import CeleryFramework
    from stormproof.frameworks.celery.on_redis.messages import KombuMessages
    from stormproof.frameworks.rq.framework import RqFramework
    from stormproof.frameworks.rq.messages import RqMessages

    _celery: type[Framework] = CeleryFramework
    _events: type[HasEvents] = CeleryFramework
    _cancels: type[Cancels] = CeleryFramework
    _bad_messages: type[TakesBadMessages] = CeleryFramework
    _kombu: type[Messages] = KombuMessages

    _rq: type[Framework] = RqFramework
    _rq_cancels: type[Cancels] = RqFramework
    _rq_bad_messages: type[TakesBadMessages] = RqFramework
    _rq_messages: type[Messages] = RqMessages
