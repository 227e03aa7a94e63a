"""What a test holds of a live system: it submits, asks and waits, and its history is at the end judged."""

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
    """What the options say: where run folders go, whether those of tests that pass are kept, the seed; and which `test` it is."""

    runs: Path
    keep: bool
    seed: int
    test: str = ""

    @classmethod
    def of(cls, config: pytest.Config) -> Setting:
        """From pytest's options."""
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
    """How a task ended, as the system's status tells it."""

    state: str
    success: bool
    result: Any


class Submission:
    """One task that was submitted. `accepted`: the system has promised to do it; `id`: the task's, where there is one; `key`: what the
    description's `{key}` was; `error`: why it was not accepted.
    """

    def __init__(self, tested: Tested, key: str, answer: Returned) -> None:
        self._tested = tested
        self.key, self.id, self.error = key, answer.task_id, answer.error
        self.accepted = answer.outcome == "ok"

    def wait(self, within_s: float = 20.0) -> Ended:
        """Wait for the task's end. Fails the test where it was not accepted, or has not ended within the time."""
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
        """The moment when it sends such a request to a server; `which` as of `stormproof.sends`."""
        return trigger.sends(self.name, command, **which)

    def receives(self, command: str = "*", **which: Any) -> Trigger:
        """The moment when the reply to such a request comes back to it."""
        return trigger.receives(self.name, command, **which)

    @property
    def pids(self) -> tuple[int, ...]:
        """Of its main processes that live."""
        return tuple(running.pid for running in self._tested.world.struck(self.name) if running.alive)

    @property
    def log(self) -> str:
        """The last of what its copies have said."""
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
        """What describes it."""
        return self.world.system

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done in the system's own thread, and wait for it; what goes wrong on purpose fails the test in one line."""
        __tracebackhide__ = True
        return plainly(lambda: self._live.do(work))

    def url(self, component: str = "api") -> str:
        """Where a component answers HTTP."""
        return self.world.address(component)

    def redis_url(self, name: str | None = None) -> str:
        """A way to a Redis of the description (its broker where none is named) that no fault of the wire can meet."""
        return self.world.stores[name or self.description.broker].url

    def component(self, name: str) -> Component:
        """A component by its name or role. Fails the test where there is none."""
        __tracebackhide__ = True
        plainly(lambda: self.world.struck(name))
        return Component(self, name)

    def submit(self) -> Submission:
        """Submit one task, as the description says how. What the system answered is in what is returned."""
        __tracebackhide__ = True
        self.history.refuse_if_taken()

        async def submit() -> Submission:
            key = self.session.next_key()
            return Submission(self, key, await self.world.clients.submit(key))

        return self.do(submit())

    def accepted(self, task_id: str) -> Submission:
        """Say that the test has itself submitted a task, and got this id for it: from now on it is a promise of the system's."""
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
        """Heal all that was struck, and fails the test then where a fault did not bite."""
        __tracebackhide__ = True
        strikes = list(self.strikes)
        for strike in reversed(strikes):
            strike.end()
        for strike in strikes:
            strike.must_have_bitten()

    def judge(self, history: History, checks: Sequence[Check]) -> Run:
        """Judge the history; where anything is wrong, or all is to be kept, in a run folder, which `stormproof explain` can read."""
        name = "".join(letter if letter.isalnum() else "_" for letter in self.setting.test.rpartition("::")[2])
        runs, keep = self.setting.runs, self.setting.keep
        return self.session.judge(history, name[:60], self.setting.test, runs, checks, keep=keep)


class LiveHistory:
    """What happens to the system in one test; `take` ends it."""

    def __init__(self, tested: Tested) -> None:
        self.tested = tested
        self._taken: History | None = None

    def take(self) -> History:
        """Heal everything, wait until nothing can change any more, read each task's status once more, and return what happened."""
        __tracebackhide__ = True
        if self._taken is None:
            self.tested.heal()
            self._taken = self.tested.do(self.tested.session.end())
        return self._taken

    def refuse_if_taken(self) -> None:
        """Fails the test where it goes on after its history was taken: nobody would judge what happens now."""
        __tracebackhide__ = True
        if self._taken is not None:
            plainly(_too_late)


def _too_late() -> None:
    raise UsageError("the history of this test has been taken; submit and strike before that")
