"""The sweeper publishes what has no outcome, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from hardened.journal import Journal
from hardened.publisher import BrokerUnavailableError
from hardened.settings import Settings
from hardened.sweeper import sweep

MAIL = {"recipient": "a@example.org", "content": "hello"}


class World:
    """A journal with a settable clock, and a broker of which only the length of its queue matters."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.queued: int | None = 0
        self.sent: list[str] = []
        self.broken_after = 1000
        self.settings = Settings(_env_file=None, resubmit_after_s=4)  # type: ignore[call-arg]
        self.journal = Journal(folder / "journal", clock=lambda: self.now)

    def length(self) -> int | None:
        return self.queued

    def publish(self, task_id: str, arguments: dict[str, Any]) -> None:
        if len(self.sent) >= self.broken_after:
            raise BrokerUnavailableError("stub")
        self.sent.append(task_id)

    def sweep(self) -> int:
        return sweep(self.settings, self.journal, self, self)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for task_id in ("a", "b"):
        world.journal.accept(task_id, MAIL, grace_s=4)
    return world


def test_what_is_due_is_published_once_and_then_left_alone(world: World) -> None:
    assert world.sweep() == 0
    world.now += 4
    assert world.sweep() == 2
    assert world.sweep() == 0
    assert world.sent == ["a", "b"]


def test_while_messages_wait_what_was_published_is_left_alone_for_longer(world: World) -> None:
    world.now += 4
    world.sweep()
    world.queued = 1
    world.now += 39
    assert world.sweep() == 0
    world.now += 1
    assert world.sweep() == 2


def test_a_backlog_that_holds_a_message_for_each_is_not_made_longer_however_long_it_takes(world: World) -> None:
    world.now += 4
    world.sweep()
    world.queued = 2
    world.now += 4000
    assert world.sweep() == 0
    world.queued = 1
    assert world.sweep() == 2


def test_what_has_no_message_is_published_though_the_backlog_is_long(world: World) -> None:
    world.queued = 1000
    world.now += 4
    assert world.sweep() == 2


def test_a_broker_that_does_not_answer_is_asked_for_nothing_more(world: World) -> None:
    world.now += 4
    world.queued = None
    with pytest.raises(BrokerUnavailableError):
        world.sweep()
    assert world.sent == []


def test_a_broker_that_fails_in_the_middle_leaves_the_rest_due(world: World) -> None:
    world.now += 4
    world.broken_after = 1
    with pytest.raises(BrokerUnavailableError):
        world.sweep()
    world.broken_after = 1000
    assert world.sweep() == 1
    assert world.sent == ["a", "b"]


def test_old_outcomes_are_forgotten_and_open_submissions_never(world: World) -> None:
    with world.journal.transaction() as db:
        db.execute("UPDATE submissions SET state = 'SUCCESS', finished_at = ? WHERE task_id = 'a'", (world.now,))
    world.now += world.settings.keep_outcomes_s + 1
    world.sweep()
    assert world.journal.find("a") is None and world.journal.find("b") is not None
