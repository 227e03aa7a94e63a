"""A test's view of a live system: it submits, reads and waits, and its history is judged at the end."""

from __future__ import annotations

import json
import random
import shlex
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from stormproof.checks import Check
from stormproof.engine.world import World
from stormproof.errors import UsageError
from stormproof.history import History, Invoked, Returned
from stormproof.pytest_plugin.words import plainly
from stormproof.runs.store import Run
from stormproof.session.in_thread import Live
from stormproof.session.session import Session
from stormproof.spec import trigger
from stormproof.spec.system import System
from stormproof.spec.trigger import Trigger

T = TypeVar("T")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """The options: where run folders go, whether those of passing tests are kept, and the seed; and the name of the `test`."""

    runs: Path
    keep: bool
    seed: int
    test: str = ""

    @classmethod
    def of(cls, config: pytest.Config) -> Setting:
        """Read pytest's options."""
        seed = config.getoption("stormproof_seed")
        return cls(
            runs=config.rootpath / "runs",
            keep=config.getoption("stormproof_keep"),
            seed=random.SystemRandom().getrandbits(32) if seed is None else seed,
        )

    @property
    def replay(self) -> str:
        """The line that runs the test again."""
        return f"pytest {shlex.quote(self.test)} --stormproof-seed {self.seed}"


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a task ended, according to the system's status."""

    state: str
    success: bool
    result: Any


class Submission:
    """One submitted task. `accepted`: whether the system promised to execute it; `id`: the task's id, if there is one.

    `key`: the value of the description's `{key}`; `error`: why the task was not accepted.
    """

    def __init__(self, tested: Tested, key: str, answer: Returned) -> None:
        self._tested = tested
        self.key, self.id, self.error = key, answer.task_id, answer.error
        self.accepted = answer.outcome == "ok"

    def wait(self, within_s: float = 20.0) -> Ended:
        """Wait for the task's end. Fails the test if the task was not accepted, or did not end in time."""
        __tracebackhide__ = True
        if not self.accepted:
            pytest.fail(f"{self.key} was not accepted: {self.error}", pytrace=False)
        answer = self._tested.do(self._follow(self._tested.world, within_s))
        if not answer.terminal:
            pytest.fail(
                f"task {self.id} has not ended within {within_s:g} s: {answer.state or answer.error}", pytrace=False
            )
        return Ended(state=answer.state, success=answer.success, result=json.loads(answer.value or "null"))

    async def _follow(self, world: World, within_s: float) -> Returned:
        await world.clients.follow(self.key, self.id, every_s=0.05, within_s=within_s)
        return await world.clients.status(self.key, self.id)


class Component:
    """One component, by its name, its role, or the name of one of its copies: `worker`, `worker-2`."""

    def __init__(self, tested: Tested, name: str) -> None:
        self._tested, self.name = tested, name

    def sends(self, command: str = "*", **which: Any) -> Trigger:
        """Return the moment when the component sends such a request to a server. `which`: the options of `stormproof.sends`."""
        return trigger.sends(self.name, command, **which)

    def receives(self, command: str = "*", **which: Any) -> Trigger:
        """Return the moment when the reply to such a request comes back to the component."""
        return trigger.receives(self.name, command, **which)

    @property
    def pids(self) -> tuple[int, ...]:
        """The pids of the component's live main processes."""
        return tuple(running.pid for running in self._tested.world.struck(self.name) if running.alive)

    @property
    def log(self) -> str:
        """The end of the output of the component's copies."""
        tails = (
            self._tested.world.launcher.output(copy.name).tail() for copy in self._tested.world.components(self.name)
        )
        return "\n".join(tails)


class Tested:
    """The system under test, as the fixture `system` gives it."""

    def __init__(self, live: Live, session: Session, setting: Setting) -> None:
        self._live, self.session, self.world, self.setting = live, session, session.world, setting
        self.strikes: list[Any] = []
        self.history = LiveHistory(self)

    @property
    def description(self) -> System:
        """The system's description."""
        return self.world.system

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run work in the system's own thread and wait for it. An expected error fails the test with one line."""
        __tracebackhide__ = True
        return plainly(lambda: self._live.do(work))

    def url(self, component: str = "api") -> str:
        """Return the address at which a component answers HTTP."""
        return self.world.address(component)

    def redis_url(self, name: str | None = None) -> str:
        """A way to a Redis of the description (its broker where none is named) that no fault of the wire can meet."""
        return self.world.stores[name or self.description.broker].url

    def component(self, name: str) -> Component:
        """Return a component by its name or role. Fails the test if there is none."""
        __tracebackhide__ = True
        plainly(lambda: self.world.struck(name))
        return Component(self, name)

    def submit(self) -> Submission:
        """Submit one task in the way that the description defines. The result contains the system's answer."""
        __tracebackhide__ = True
        self.history.refuse_if_taken()

        async def submit() -> Submission:
            key = self.session.next_key()
            return Submission(self, key, await self.world.clients.submit(key))

        return self.do(submit())

    def accepted(self, task_id: str) -> Submission:
        """Register a task that the test submitted itself, with the id that it got. From now on the system is held to its promises for it."""
        __tracebackhide__ = True
        self.history.refuse_if_taken()

        async def note() -> Submission:
            recorder, key = self.world.recorder, self.session.next_key()
            number = -1 - len(recorder.events)
            recorder.add(Invoked(t=recorder.now(), op=number, kind="submit", key=key))
            answer = Returned(t=recorder.now(), op=number, outcome="ok", task_id=task_id)
            recorder.add(answer)
            self.world.clients.take(key, task_id)
            return Submission(self, key, answer)

        return self.do(note())

    def heal(self) -> None:
        """Heal all faults, and then fail the test if one did not bite."""
        __tracebackhide__ = True
        strikes = list(self.strikes)
        for strike in reversed(strikes):
            strike.end()
        for strike in strikes:
            strike.must_have_bitten()

    def judge(self, history: History, checks: Sequence[Check]) -> Run:
        """Judge the history. If anything is wrong, or all runs are kept, store it in a run folder that `stormproof explain` can read."""
        name = "".join(letter if letter.isalnum() else "_" for letter in self.setting.test.rpartition("::")[2])
        runs, keep = self.setting.runs, self.setting.keep
        return self.session.judge(history, name[:60], self.setting.test, runs, checks, keep=keep)


class LiveHistory:
    """The history of the system in one test; `take` ends it."""

    def __init__(self, tested: Tested) -> None:
        self.tested = tested
        self._taken: History | None = None

    def take(self) -> History:
        """Heal everything, wait until nothing can change any more, read each task's status again, and return the history."""
        __tracebackhide__ = True
        if self._taken is None:
            self.tested.heal()
            self._taken = self.tested.do(self.tested.session.end())
        return self._taken

    def refuse_if_taken(self) -> None:
        """Fail the test if it continues after its history was taken, because nothing that happens now would be judged."""
        __tracebackhide__ = True
        if self._taken is not None:
            plainly(_too_late)


def _too_late() -> None:
    raise UsageError("the history of this test has been taken; submit and strike before that")
