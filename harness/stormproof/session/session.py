"""One running system, for as long as it is needed: struck and healed, brought back, judged and stored.

A session is used in the event loop in which it was opened: directly by a lane of a sweep, through `in_thread` by callers that
block, and through `steering` by other processes. An episode lasts from `begin` to `end`; its history reads like a separate run's.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from stormproof.campaign import conduct as campaign
from stormproof.checks import Check
from stormproof.checks.verdict import Status
from stormproof.engine import experiment, nemesis
from stormproof.engine.quiescence import settle
from stormproof.engine.world import World, opened
from stormproof.errors import ComponentError, UnreachableError
from stormproof.history import AnyEvent, Closed, Fault, History, Purpose, Quiescence, Returned, encode
from stormproof.processes.replica import Replica
from stormproof.processes.waiting import RunDelay
from stormproof.runs import store
from stormproof.runs.store import Run
from stormproof.session.strikes import Strike
from stormproof.spec.choices import Choices, drawn_run
from stormproof.spec.scenario import Injection, Scenario, State
from stormproof.spec.system import System
from stormproof.spec.tables import Binary

_SETTLE_S = 45.0
_QUIET_S = 5.0  # For tasks that take no time; what a task of this system takes is added to it.
_BACK_S = 30.0
_AGAIN_S = 0.25
_GLANCE_S = 0.25
_SLOWEST_MACHINE = 5  # So many times as long as on a quiet machine a task is waited for at most.
_PATIENCE_S = 0.5
"""How much longer than the system's own deadline to wait for an operation, in seconds."""


class Session:
    """A running system. `seed`: for the faults' choices. `life_s`: the longest time that a task took in calm, from submission to end.
    For the episode: `first` is the index of its first event, `injections` all injections, `place` that of the latest submission.
    """

    def __init__(self, world: World, binary: Binary, seed: int) -> None:
        self.world, self.seed = world, seed
        self._binary = binary
        self.life_s = 0.0
        self.place = -1
        self.injections: list[Injection] = []
        self._strikes: dict[str, Strike] = {}
        self._storms: list[asyncio.Task[None]] = []
        self.first = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        system: System,
        folder: Path,
        binary: Binary,
        seed: int,
        *,
        story: Scenario | None = None,
        everything: bool = False,
    ) -> AsyncIterator[Session]:
        """Start a system that runs until the end of the block. With a `story`, its folder can be judged like a run's, as far as it
        went. `everything`: also start what takes no part in storms. Raises ComponentError, RunFolderError.
        """
        run = drawn_run()
        if story is not None:
            store.write_plan(folder, story, system, State.IDLE, Choices(seed=seed, run=run, submit_at_s=()), binary)
        async with opened(system, folder, binary, run) as world:
            world.phase("start")
            await world.start(everything=everything)
            session = cls(world, binary, seed)
            try:
                yield session
            finally:
                for storm in session._storms:
                    storm.cancel()

    # One episode

    async def begin(self) -> None:
        """Begin an episode: record the state of everything, as a new run would. Its keys are unique to the episode."""
        world = self.world
        self.first, self.place = len(world.recorder.events), -1
        self.injections, self._strikes = [], {}
        world.begin_again(f"{(int(world.run, 16) + 1) % (1 << 16):04x}")
        world.phase("start")
        for replica in world.replicas:
            replica.still_ready()
        await self._look()
        world.phase("storm")

    async def _look(self) -> None:
        for server in self.world.stores.values():
            await self.world.look_at(server)

    @property
    def events(self) -> list[AnyEvent]:
        """What has happened in the episode so far."""
        return self.world.recorder.events[self.first :]

    def next_key(self) -> str:
        """Return the key of the next submission."""
        self.place += 1
        return self.world.key(self.place)

    async def end(self) -> History:
        """Heal everything and finish the episode like a run: recover, settle, read. A storm in progress is played to its end."""
        world = self.world
        await asyncio.gather(*self._storms)
        await self.heal()
        world.phase("recover")
        async with asyncio.TaskGroup() as clients:
            if any(isinstance(event, Fault) for event in self.events):
                await experiment.recover(world, clients)
            world.phase("settle")
            await settle(world, _SETTLE_S)
            world.clients.stop()
        world.phase("read")
        await world.clients.read_all()
        await self._look()  # A short test may be over before the next sample.
        world.phase("stop")
        events = self.events
        return History([*events, Closed.of(events)])

    def judge(
        self, history: History, name: str, title: str, runs: Path, checks: Sequence[Check] = (), *, keep: bool = True
    ) -> Run:
        """Judge an episode by `checks`, or by everything that the system promises, and store it as a run with a copy of the logs. If
        `keep` is false, store it only if it is not valid. Raises RunFolderError.
        """
        run = campaign.with_verdict(
            Run(
                folder=Path(),
                scenario=Scenario(name=name, title=title, storm=tuple(self.injections)),
                system=self.world.system,
                state=State.IDLE,
                choices=Choices(seed=self.seed, run=self.world.run, submit_at_s=()),
                history=history,
                judged=None,
            ),
            history,
            checks,
        )
        valid = run.judged is not None and run.judged.status is Status.VALID
        return run if valid and not keep else self._kept(run, runs)

    def _kept(self, run: Run, runs: Path) -> Run:
        folder = store.create(runs, run.scenario, run.system, run.state)
        store.write_plan(folder, run.scenario, run.system, run.state, run.choices, self._binary)
        (folder / "history.jsonl").write_bytes(b"".join(encode(event) for event in run.history))
        shutil.copytree(self.world.folder / "logs", folder / "logs")
        kept = msgspec.structs.replace(store.load(folder), history=run.history, judged=run.judged)
        campaign.write_verdict(kept)
        return kept

    # Striking and healing

    async def strike(self, injection: Injection, for_s: float | None = None) -> Strike:
        """Inject a fault. Returns when it is in force, or has bitten. It is healed after `for_s` seconds, or when the caller heals it.
        Raises DescriptionError if the system does not have the fault's target.
        """
        nemesis.check(self.world, (injection,))
        strike = Strike(self.world, str(len(self.injections)), injection, self.seed)
        # Known before it has begun, which may take seconds: another may come meanwhile, and heal everything, too.
        self.injections.append(injection)
        self._strikes[strike.number] = strike
        await strike.begin()
        if for_s is not None:
            self._storms.append(asyncio.create_task(self._heal_later(strike.number, for_s)))
        return strike

    async def _heal_later(self, number: str, for_s: float) -> None:
        await asyncio.sleep(for_s)
        await self.heal(number)

    async def heal(self, number: str | None = None) -> list[Strike]:
        """Heal one strike, or all of them. Returns those that were still in force."""
        wanted = [number] if number is not None else list(self._strikes)
        ending = [strike for each in wanted if (strike := self._strikes.pop(each, None)) is not None]
        for strike in ending:
            await strike.end()
        return ending

    def play(self, storm: tuple[Injection, ...]) -> None:
        """Start a whole storm, in which each fault has its own time."""
        first = len(self.injections)
        self._storms.append(asyncio.create_task(nemesis.storm(self.world, storm, self.seed, first=first)))
        self.injections += storm

    # Bringing the system back

    async def back(self) -> None:
        """Wait until every process that was killed, or died, is ready again. Raises ComponentError."""
        replicas = self._storming
        for replica in replicas:
            if replica.spec.restart == "never":
                await replica.start_again()
        if not await self.world.recorder.until(lambda: all(replica.is_ready for replica in replicas), _BACK_S):
            names = ", ".join(replica.name for replica in replicas if not replica.is_ready)
            raise ComponentError(f"{names}: not ready again {_BACK_S:g} s after a fault; see the logs")

    @property
    def _storming(self) -> list[Replica]:
        return [replica for replica in self.world.replicas if replica.spec.in_storms]

    async def works(self, patience_s: float = 0.0) -> bool | None:
        """Whether a new task goes through in the time that the system promises, plus time for the tasks before it. None (unknown) if
        the API accepts no task. An API that does not answer is restarted first. If the API does not accept the task, it is asked
        once more, and then until `patience_s` seconds are over.
        """
        until = self.world.recorder.now() + patience_s
        for tries in itertools.count(1):
            key = self.next_key()
            submitted = await self.submit(key, "recovery")
            if submitted is not None and submitted.outcome == "ok":
                break
            if tries > 1 and self.world.recorder.now() >= until:
                return None
            if tries > 1:
                await asyncio.sleep(_AGAIN_S)
            elif submitted is None or submitted.http_status == 0:
                await self.restart("api")
        return await self.until_ended(key, self.with_lives(self.world.system.promises.stall_s, 3))

    async def recover(self) -> tuple[bool | None, bool]:
        """Bring everything back. Returns the result of `works`, and whether everything is then proved quiet. Raises ComponentError."""
        await self.back()
        works = await self.works()
        if not works and not all(replica.alive for replica in self._storming):
            await self.back()  # A process died, but not at once. Its replacement deals with the task.
            works = await self.works()
        return works, bool(works) and await self.quiet()

    async def quiet(self) -> bool:
        """Whether everything is proved quiet. Waits for a task that is still in hand until it is proved to hang."""
        found = await settle(self.world, self.with_lives(_QUIET_S, 2))
        while found.in_hand and not found.proved and (left_s := self._hangs_t(found) - self.world.recorder.now()) > 0:
            found = await settle(self.world, left_s)
        return found.proved

    def _hangs_t(self, found: Quiescence) -> float:
        """Return when the last of the tasks in hand will have taken so long that it counts as hung."""
        started = self.world.picture.started
        last_t = max((started[task_id].t for task_id in found.in_hand if task_id in started), default=0.0)
        return last_t + self.life_s + self.world.system.promises.stall_s + _PATIENCE_S

    async def mend(self) -> None:
        """Leave nothing behind: restart whatever hangs. Raises ComponentError if that does not help."""
        for roles in (("worker",), ("worker", "api")):
            for role in roles:
                await self.restart(role)
            if await self.works() and await self.quiet():
                return
        raise ComponentError(
            "the system does not become quiet again, though its processes were started again; see the logs"
        )

    async def restart(self, target: str) -> None:
        """Kill a component, given by name or role, and start it again. Raises ComponentError."""
        for replica in self.world.components(target):
            if replica.running is not None and replica.running.alive:
                replica.expect_exit()
                replica.running.signal_tree(9)
                await replica.running.exited()
            await replica.start_again()
        await self.back()

    async def tidy(self) -> bool:
        """Prepare the system for the next episode: up, quiet, empty. Returns False if that fails and a new system must be started."""
        try:
            await self.back()
            if not (await self.works(self.world.system.promises.recovery_s) and await self.quiet()):
                return False
            if not await self._tells(self.world.key(self.place)):
                return False
            for server in self.world.stores.values():
                await server.empty()
        except (ComponentError, UnreachableError, OSError):
            return False
        return True

    async def _tells(self, key: str) -> bool:
        """Whether the status of a submission whose task has ended can be read."""
        if self.world.system.promises.results == "ignored":
            return True
        answer = await self.read(key)
        return answer is not None and answer.outcome == "ok"

    # Single tasks

    async def warm_up(self) -> None:
        """Run one task through the whole system. Raises ComponentError, DescriptionError."""
        began = self.world.recorder.now()
        await experiment.one_task(self.world)
        self.life_s = self.world.recorder.now() - began

    def with_lives(self, bound_s: float, lives: int) -> float:
        """Return a bound, in seconds, that leaves time for this many tasks, one after the other."""
        return bound_s + lives * self.life_s

    async def submit(self, key: str, purpose: Purpose = "workload", within_s: float | None = None) -> Returned | None:
        """Submit a task. Returns None if no answer came `within_s` seconds; by default, a little longer than the system promises."""
        try:
            async with asyncio.timeout(within_s or self.world.system.promises.api_deadline_s + _PATIENCE_S):
                return await self.world.clients.submit(key, purpose=purpose)
        except TimeoutError:
            self.world.picture.submissions.give_up(key, self.world.recorder.now())
            return None

    async def read(self, key: str) -> Returned | None:
        """Read the task's status once. Returns None if the system did not accept the task, or no answer came in time."""
        task_id = self.world.clients.accepted.get(key)
        if task_id is None:
            return None
        try:
            async with asyncio.timeout(self.world.system.promises.api_deadline_s + _PATIENCE_S):
                return await self.world.clients.status(key, task_id)
        except TimeoutError:
            return None  # The operation has no end in the history, which the check reports.

    async def until_ended(self, key: str, within_s: float) -> bool:
        """Wait for the end of a submission's task. Returns whether it came. Time that the workers spend waiting for a CPU is added to
        the bound: on a busy machine, a worker that is only slow to start must not count as wedged.
        """
        recorder, delay = self.world.recorder, RunDelay(self._worker_pids)
        began = recorder.now()
        while True:
            waited_s = min(delay.look_s(), (_SLOWEST_MACHINE - 1) * within_s)
            left_s = within_s + waited_s - (recorder.now() - began)
            if await recorder.until(lambda: self.world.picture.submissions.ended(key), min(left_s, _GLANCE_S)):
                return True
            if left_s <= 0:
                return False

    def _worker_pids(self) -> list[int]:
        running = [worker.running for worker in self.world.components("worker") if worker.running is not None]
        return [pid for each in running for pid in (each.pid, *(child.pid for child in each.descendants()))]
