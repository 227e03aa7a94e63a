"""One standing system, for as long as somebody wants: struck and healed, brought back, judged and kept.

A session is used in the event loop in which it was opened: a lane of a sweep does so directly, `in_thread` for callers that wait, and
`steering` for other processes. What happens between `begin` and `end` is an episode: its history reads as that of a run of its own.
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
"""How much longer than the system's own deadline an operation is waited for."""


class Session:
    """`seed` is that of the faults' choices. `life_s`: the longest that a task has taken in calm, from its submission to its end.
    Of the episode: `first` is the index of its first event, `injections` all that was struck, `place` that of the latest submission.
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
        """Start a system that stands until the end of the block; everything is gone then. With a `story`, its folder can be judged as a
        run's, as far as it went. `everything`: also what takes no part in storms. Raises ComponentError, RunFolderError.
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
        """Begin an episode: note how everything is, as a run would that had started it. Its keys are no other episode's."""
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
        """The key of the next submission."""
        self.place += 1
        return self.world.key(self.place)

    async def end(self) -> History:
        """Heal everything, and see the episode through as a run is: recover, settle, read. A storm that plays has its time."""
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
        """Judge an episode, by `checks` or by all that the system promises, and store it as a run of its own, with a copy of the logs; if
        not `keep`, only where it is not valid. Raises RunFolderError.
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
        """Inject a fault; returns when it is in force, or has bitten. It is healed after `for_s`, or when somebody heals it. Raises
        DescriptionError where the system has not what it strikes.
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
        """Heal one strike, or all of them; returns those that were still in force."""
        wanted = [number] if number is not None else list(self._strikes)
        ending = [strike for each in wanted if (strike := self._strikes.pop(each, None)) is not None]
        for strike in ending:
            await strike.end()
        return ending

    def play(self, storm: tuple[Injection, ...]) -> None:
        """Begin a whole storm, each fault of which has its own time."""
        first = len(self.injections)
        self._storms.append(asyncio.create_task(nemesis.storm(self.world, storm, self.seed, first=first)))
        self.injections += storm

    # Bringing the system back

    async def back(self) -> None:
        """Wait until all that was killed, or died, is ready again. Raises ComponentError."""
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
        """Whether a new task goes through in the time that the system promises, when those before it have had theirs; None where the API
        accepts none, so that nobody knows. An API that does not answer is started again first. One that does not accept the task is asked
        once more, and then until `patience_s` are over.
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
        """Bring everything back; whether a new task goes through (as `works` says), and whether all is then proved quiet. Raises
        ComponentError.
        """
        await self.back()
        works = await self.works()
        if not works and not all(replica.alive for replica in self._storming):
            await self.back()  # It died of it, but not at once. What starts it again will see what became of the task.
            works = await self.works()
        return works, bool(works) and await self.quiet()

    async def quiet(self) -> bool:
        """Whether all is proved quiet; a task that is still in hand is waited for until it is proved that it hangs."""
        found = await settle(self.world, self.with_lives(_QUIET_S, 2))
        while found.in_hand and not found.proved and (left_s := self._hangs_t(found) - self.world.recorder.now()) > 0:
            found = await settle(self.world, left_s)
        return found.proved

    def _hangs_t(self, found: Quiescence) -> float:
        """When the last of the tasks in hand has been there for so long that it hangs."""
        started = self.world.picture.started
        last_t = max((started[task_id].t for task_id in found.in_hand if task_id in started), default=0.0)
        return last_t + self.life_s + self.world.system.promises.stall_s + _PATIENCE_S

    async def mend(self) -> None:
        """Leave nothing behind: what hangs is started again. Raises ComponentError where that does not help."""
        for roles in (("worker",), ("worker", "api")):
            for role in roles:
                await self.restart(role)
            if await self.works() and await self.quiet():
                return
        raise ComponentError(
            "the system does not become quiet again, though its processes were started again; see the logs"
        )

    async def restart(self, target: str) -> None:
        """Kill a component, by its name or role, and start it again. Raises ComponentError."""
        for replica in self.world.components(target):
            if replica.running is not None and replica.running.alive:
                replica.expect_exit()
                replica.running.signal_tree(9)
                await replica.running.exited()
            await replica.start_again()
        await self.back()

    async def tidy(self) -> bool:
        """Make the system as the next episode wants to find it: up, quiet, empty. False where it cannot be so, and must be started anew."""
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
        """Whether the status of a submission, whose task has ended, can be read."""
        if self.world.system.promises.results == "ignored":
            return True
        answer = await self.read(key)
        return answer is not None and answer.outcome == "ok"

    # Single tasks

    async def warm_up(self) -> None:
        """One task through the whole system. Raises ComponentError, DescriptionError."""
        began = self.world.recorder.now()
        await experiment.one_task(self.world)
        self.life_s = self.world.recorder.now() - began

    def with_lives(self, bound_s: float, lives: int) -> float:
        """A bound that leaves time for so many tasks, one after the other."""
        return bound_s + lives * self.life_s

    async def submit(self, key: str, purpose: Purpose = "workload", within_s: float | None = None) -> Returned | None:
        """Submit; None where no answer came `within_s`: for as long as the system promises, where nothing is said."""
        try:
            async with asyncio.timeout(within_s or self.world.system.promises.api_deadline_s + _PATIENCE_S):
                return await self.world.clients.submit(key, purpose=purpose)
        except TimeoutError:
            self.world.picture.submissions.give_up(key, self.world.recorder.now())
            return None

    async def read(self, key: str) -> Returned | None:
        """Ask once for the task's status, if the system has accepted it; None where it has not, or no answer came in time."""
        task_id = self.world.clients.accepted.get(key)
        if task_id is None:
            return None
        try:
            async with asyncio.timeout(self.world.system.promises.api_deadline_s + _PATIENCE_S):
                return await self.world.clients.status(key, task_id)
        except TimeoutError:
            return None  # The operation has no end in the history; the check says so.

    async def until_ended(self, key: str, within_s: float) -> bool:
        """Wait for the end of a submission's task; whether it came. For what the workers meanwhile waited for a processor they are given time:
        a busy machine must not make a worker wedged that is only slow to start.
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
