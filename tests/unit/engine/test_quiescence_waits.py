"""The wait for quiescence on a world of stubs and a clock that the test moves: what is looked at, done, and recorded."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from stormproof.engine import quiescence as settling
from stormproof.engine.quiescence import settle
from stormproof.engine.world import World
from stormproof.errors import UnreachableError
from stormproof.frameworks.framework import HandBack, Hold, Unacked
from stormproof.history import AnyEvent, FastForward, Probe, Quiescence, Settings
from stormproof.history.recorder import Picture
from stormproof.spec.system import Promises

PLACE = "unacked"
GONE_PID = 2**22 + 5
"""Larger than any pid that the kernel gives."""


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.at: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        for due in [entry for entry in self.at if entry[0] <= self.now - 1000.0]:
            self.at.remove(due)
            due[1]()


class Messages:
    """The queues, by a list; an unacknowledged message is handed back to be queued."""

    def __init__(self) -> None:
        self.queued = 0
        self.elsewhere = 0
        self.messages: list[Unacked] = []
        self.restored: list[tuple[list[bytes], float]] = []
        self.down = False
        self.hidden = 0
        self.discoveries = 0
        self.blind = ""
        self.asked: list[str] = []
        self.fails: Exception | None = None
        self.restores: dict[str, float] = {PLACE: 77.0}

    async def depth(self) -> tuple[int, int]:
        if self.down:
            raise UnreachableError("gone")
        return self.queued, len(self.messages)

    async def astray(self) -> int:
        return self.elsewhere

    async def unacked(self) -> list[Unacked]:
        return self.messages

    async def discover(self) -> bool:
        self.discoveries += 1
        if self.hidden < 0:
            raise UnreachableError("gone")
        found, self.hidden = self.hidden, 0
        self.queued += found
        return bool(found)

    def unseen(self, alive: Any) -> str:
        self.asked = list(alive)
        return self.blind

    def returns(self, message: Unacked, alive: Any) -> bool:
        return "worker" in list(alive) and message.place in self.restores

    def hand_back(self, messages: list[Unacked], alive: Any) -> list[HandBack]:
        restores = self.restores if "worker" in list(alive) else {}
        return [
            HandBack(tuple(message.task_id for message in here), waited_s, partial(self._restore, here, waited_s))
            for place, waited_s in restores.items()
            if (here := [message for message in messages if message.place == place])
        ]

    def _restore(self, messages: list[Unacked], waited_s: float) -> None:
        self.restored.append(([message.tag for message in messages], waited_s))
        if self.fails:
            raise self.fails
        self.messages = [message for message in self.messages if message not in messages]


class Stub:
    """A world of which only what the wait for quiescence asks is there."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.messages = clock, Messages()
        self.events: list[AnyEvent] = []
        self.picture = Picture()
        self.picture.last_probe_t = -10.0
        self.recorder = SimpleNamespace(now=lambda: clock.now - 1000.0, add=self.events.append)
        self.clients = SimpleNamespace(submitting=0)
        self.worker = SimpleNamespace(
            name="worker", alive=True, is_ready=True, spec=SimpleNamespace(restart="never", role="worker")
        )
        self.system = SimpleNamespace(promises=Promises(stall_s=12, recovery_s=20), broker="broker")
        self.driver = self
        self.held_back: Any = 0

    def components(self, target: str) -> list[Any]:
        return [self.worker] if target == "worker" else []

    async def backlog(self) -> int:
        if isinstance(self.held_back, Exception):
            raise self.held_back
        return int(self.held_back)

    def settle(self, within_s: float = 45.0) -> Quiescence:
        found = asyncio.run(settle(cast("World", self), within_s))
        assert self.events[-1] is found
        return found

    @property
    def forwards(self) -> list[FastForward]:
        return [event for event in self.events if isinstance(event, FastForward)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Stub:
    clock = Clock()
    monkeypatch.setattr(settling, "time", clock)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return Stub(clock)


def message(hold: Hold, task_id: str = "a", eta: datetime | None = None, place: str = PLACE) -> Unacked:
    return Unacked(place, f"tag-{task_id}".encode(), task_id, eta, hold)


def started(task_id: str, pid: int, parent: int = GONE_PID) -> Probe:
    return Probe(t=0, component="worker", pid=pid, parent=parent, word="started", task_id=task_id)


def test_an_empty_world_is_quiescent_as_soon_as_it_was_still(world: Stub) -> None:
    found = world.settle()
    assert found.proved
    assert found.detail == "nothing queued, unacknowledged, executing or held back"
    assert 0.4 <= found.t < 0.5
    assert 0.4 <= found.unchanged_s < 0.5
    assert (found.queued, found.unacked, found.executing, found.backlog, found.in_hand) == (0, 0, 0, 0, ())
    assert world.messages.asked == ["worker"]


def test_a_word_of_a_probe_begins_the_stillness_anew(world: Stub) -> None:
    def word() -> None:
        world.picture.last_probe_t = world.recorder.now()

    world.clock.at.append((0.3, word))
    assert 1.1 <= world.settle().t < 1.2  # 0.4 s after the word it is still, and 0.4 s later it was.


def test_a_change_begins_the_stillness_anew(world: Stub) -> None:
    world.messages.queued = 1

    def taken() -> None:
        world.messages.queued = 0

    world.clock.at.append((2.0, taken))
    found = world.settle()
    assert found.proved
    assert 2.4 <= found.t < 2.5


def test_the_proof_waits_until_redis_itself_was_looked_through(world: Stub) -> None:
    world.messages.hidden = 3
    found = world.settle()
    assert (found.proved, found.queued) == (False, 3)
    world.messages.queued = 0
    assert world.settle().proved
    assert world.messages.discoveries == 2


def test_a_redis_that_cannot_be_looked_through_proves_nothing(world: Stub) -> None:
    world.messages.hidden = -1
    found = world.settle(within_s=3)
    assert (found.proved, found.detail) == (False, "not quiet within 3 s")


def test_a_redis_that_does_not_answer_proves_nothing(world: Stub) -> None:
    world.messages.down = True
    world.picture.executing["a", os.getpid()] = started("a", os.getpid())
    found = world.settle(within_s=3)
    assert (found.proved, found.unchanged_s, found.detail) == (False, 0.0, "not quiet within 3 s")
    assert found.in_hand == ("a",)
    assert 3.0 <= found.t < 3.2


def test_messages_in_lists_that_no_worker_reads_refuse_the_proof_and_are_not_queued(world: Stub) -> None:
    world.messages.elsewhere = 2
    found = world.settle()
    assert (found.proved, found.queued) == (False, 0)
    assert found.detail == (
        "not quiet, and no change for 13 s; 2 messages lie in lists that no worker of the system reads"
    )


def test_messages_that_pass_where_nobody_looks_refuse_the_proof(world: Stub) -> None:
    world.messages.blind = "messages pass through redis.results"
    found = world.settle()
    assert (found.proved, found.detail) == (False, "messages pass through redis.results")


def test_a_worker_that_is_still_starting_need_not_have_been_seen_to_consume(world: Stub) -> None:
    world.worker.is_ready = False
    assert world.settle().proved
    assert world.messages.asked == []


def test_an_abandoned_message_is_handed_back_once_as_the_live_worker_would(world: Stub) -> None:
    world.messages.messages = [message(Hold.GONE)]
    found = world.settle()
    assert world.messages.restored == [([b"tag-a"], 77.0)]
    [forward] = world.forwards
    assert (forward.store, forward.task_ids, forward.waited_s) == ("broker", ("a",), 77.0)
    assert 1.5 < forward.t < 1.6
    assert found.proved


def test_a_place_without_messages_keeps_no_other_from_being_handed_back(world: Stub) -> None:
    world.messages.restores = {"elsewhere": 77.0, PLACE: 77.0}
    world.messages.messages = [message(Hold.GONE)]
    assert world.settle().proved
    assert world.messages.restored == [([b"tag-a"], 77.0)]


def test_only_what_is_abandoned_is_handed_back(world: Stub) -> None:
    other = "another database"
    kept = [message(Hold.HELD, "held"), message(Hold.UNSEEN, "unseen"), message(Hold.GONE, "other", place=other)]
    world.messages.messages = [*kept, message(Hold.GONE, "a"), message(Hold.GONE, "b")]
    found = world.settle()
    assert [tags for tags, _ in world.messages.restored] == [[b"tag-a", b"tag-b"]]
    assert world.messages.messages == kept
    assert (found.proved, found.unacked) == (False, 3)
    assert "live workers hold 1 unacknowledged messages; no link has seen who took 1" in found.detail


def test_a_message_whose_task_executes_is_not_handed_back_though_its_connection_is_gone(world: Stub) -> None:
    world.messages.messages = [message(Hold.GONE)]
    world.picture.executing["a", os.getpid()] = started("a", os.getpid())

    def ends() -> None:
        world.picture.executing.clear()
        world.messages.messages = []

    world.clock.at.append((10.0, ends))
    assert world.settle().proved
    assert world.forwards == []


def test_a_message_whose_task_was_executed_to_its_end_is_handed_back_later(world: Stub) -> None:
    world.messages.messages = [message(Hold.DONE)]
    assert world.settle().proved
    [forward] = world.forwards
    assert forward.task_ids == ("a",)
    assert 3.0 < forward.t < 3.1


def test_of_two_messages_of_one_task_none_is_taken_for_done(world: Stub) -> None:
    twins = [message(Hold.DONE), message(Hold.DONE)._replace(tag=b"other")]
    world.messages.messages = twins
    assert not world.settle().proved
    assert world.messages.messages == twins


def test_a_done_message_whose_task_executes_again_is_not_handed_back(world: Stub) -> None:
    world.messages.messages = [message(Hold.DONE)]
    world.picture.executing["a", os.getpid()] = started("a", os.getpid())
    assert not world.settle().proved
    assert world.forwards == []


def test_nothing_is_handed_back_where_no_live_worker_would_do_it(world: Stub) -> None:
    world.messages.messages = [message(Hold.GONE)]
    world.worker.is_ready = False
    assert not world.settle().proved
    assert world.forwards == []


@pytest.mark.parametrize("error", [UnreachableError("gone")])
def test_a_redis_that_goes_away_while_a_message_is_handed_back_is_looked_at_again(
    world: Stub, error: Exception
) -> None:
    world.messages.messages, world.messages.fails = [message(Hold.GONE)], error

    def back() -> None:
        world.messages.fails = None

    world.clock.at.append((2.0, back))
    assert world.settle().proved
    assert len(world.forwards) == 2


def test_messages_that_are_left_are_stuck_where_the_worker_is_gone(world: Stub) -> None:
    world.worker.alive = world.worker.is_ready = False
    world.messages.queued, world.messages.messages = 2, [message(Hold.GONE)]
    found = world.settle()
    assert (found.proved, found.queued, found.unacked) == (True, 2, 1)
    assert found.detail.startswith("messages are left")


def test_a_worker_that_a_supervisor_starts_again_is_waited_for(world: Stub) -> None:
    world.worker.alive = world.worker.is_ready = False
    world.worker.spec.restart = "always"
    world.messages.queued = 1
    found = world.settle()
    assert not found.proved
    assert 13.0 < found.t < 13.2


def test_a_task_in_hand_is_waited_for_as_long_as_recovery_and_the_longest_execution_take(world: Stub) -> None:
    world.picture.executing["a", os.getpid()] = started("a", os.getpid())
    world.picture.longest_s = 5.0
    found = world.settle()
    assert (found.proved, found.executing, found.in_hand) == (False, 1, ("a",))
    assert 26.0 < found.t < 26.2


def test_a_rate_limit_is_waited_for(world: Stub) -> None:
    world.messages.messages = [message(Hold.HELD)]
    world.picture.settings["worker"] = Settings(t=0, component="worker", pid=11, slowest_s=20.0)
    assert 33.0 < world.settle().t < 33.2


def test_a_message_that_is_due_later_is_waited_for_where_a_live_worker_holds_it(world: Stub) -> None:
    world.messages.messages = [message(Hold.HELD, eta=datetime.now(UTC) + timedelta(hours=1))]
    found = world.settle(within_s=30)
    assert (found.detail, found.unacked) == ("not quiet within 30 s", 1)
    world.messages.messages = [message(Hold.UNSEEN, eta=datetime.now(UTC) + timedelta(hours=1))]
    assert "no change for 13 s" in world.settle(within_s=30).detail


def test_an_execution_is_in_hand_while_its_process_or_the_worker_that_knows_of_it_lives(world: Stub) -> None:
    world.picture.executing["a", GONE_PID] = started("a", GONE_PID, parent=GONE_PID + 1)
    assert world.settle().proved
    world.picture.executing["a", GONE_PID] = started("a", GONE_PID, parent=os.getpid())
    assert world.settle().executing == 1
    world.picture.received["a"] = Probe(t=1, component="worker", pid=1, parent=1, word="received", task_id="a")
    assert world.settle().proved


def test_what_the_system_holds_back_itself_is_waited_for(world: Stub) -> None:
    world.held_back = 2
    found = world.settle()
    assert (found.proved, found.backlog) == (False, 2)
    assert 13.0 < found.t < 13.2
    world.held_back = UnreachableError("/readyz says 'many'")
    assert world.settle(within_s=3).unchanged_s == 0.0


def test_nothing_is_proved_while_a_submission_awaits_its_answer(world: Stub) -> None:
    world.clients.submitting = 1

    def answered() -> None:
        world.clients.submitting = 0

    world.clock.at.append((4.0, answered))
    assert 4.0 <= world.settle().t < 4.1
