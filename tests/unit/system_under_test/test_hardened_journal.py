"""The journal keeps what was promised."""

from pathlib import Path

import pytest
from hardened.journal import Due, Journal, RequestConflictError

MAIL = {"recipient": "a@example.org", "content": "hello"}


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Journal:
    return Journal(tmp_path / "journal.sqlite3", clock=clock)


def test_a_new_submission_is_to_be_published_and_a_published_one_is_not(journal: Journal) -> None:
    assert journal.accept("t", MAIL, grace_s=4)
    assert journal.accept("t", MAIL, grace_s=4), "nobody has published it yet"
    journal.published(Due("t", MAIL), 4)
    assert not journal.accept("t", MAIL, grace_s=4)


def test_a_task_id_that_was_used_for_another_request_is_a_conflict(journal: Journal) -> None:
    journal.accept("t", MAIL, grace_s=4)
    with pytest.raises(RequestConflictError):
        journal.accept("t", MAIL | {"content": "other"}, grace_s=4)


def test_what_could_not_be_published_is_withdrawn(journal: Journal) -> None:
    journal.accept("t", MAIL, grace_s=4)
    assert journal.withdraw("t")
    assert journal.find("t") is None


def test_what_another_process_has_published_is_not_withdrawn(journal: Journal) -> None:
    journal.accept("t", MAIL, grace_s=4)
    journal.published(Due("t", MAIL), 4)
    assert not journal.withdraw("t")


def test_a_publication_brings_back_a_row_that_another_process_withdrew(journal: Journal) -> None:
    journal.accept("t", MAIL, grace_s=4)
    journal.withdraw("t")
    journal.published(Due("t", MAIL), 4)
    found = journal.find("t")
    assert found is not None and found.state == "PENDING"


def test_a_submission_whose_api_died_before_publishing_is_due_after_the_grace(journal: Journal, clock: Clock) -> None:
    journal.accept("t", MAIL, grace_s=4)
    assert journal.due(10) == []
    clock.now += 4
    assert journal.due(10) == [Due("t", MAIL)]


def test_a_published_submission_is_due_again_later_and_later_while_no_worker_claims_it(
    journal: Journal, clock: Clock
) -> None:
    waits = []
    for _ in range(6):
        journal.published(Due("t", MAIL), again_after_s=4)
        begin = clock.now
        while not journal.due(10):
            clock.now += 1
        waits.append(clock.now - begin)
    assert waits == [4, 8, 16, 32, 32, 32]


def test_what_may_wait_in_a_backlog_is_left_alone_for_longer(journal: Journal, clock: Clock) -> None:
    journal.published(Due("t", MAIL), again_after_s=4)
    clock.now += 39
    assert journal.due(10, queued_since_s=40) == []
    clock.now += 1
    assert journal.due(10, queued_since_s=40) == [Due("t", MAIL)]


def test_the_oldest_are_due_first_and_no_more_than_the_limit(journal: Journal, clock: Clock) -> None:
    for number in range(5):
        journal.accept(f"t{number}", MAIL, grace_s=4)
        clock.now += 1
    clock.now += 10
    assert [due.task_id for due in journal.due(3)] == ["t0", "t1", "t2"]


def test_two_journals_on_one_file_see_the_same(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    one.accept("t", MAIL, grace_s=4)
    assert other.open_submissions() == 1


def test_a_failed_transaction_leaves_nothing_and_the_next_one_works(journal: Journal) -> None:
    with pytest.raises(ZeroDivisionError), journal.transaction() as db:  # noqa: PT012 - the block is what fails
        db.execute("INSERT INTO submissions (task_id, arguments, accepted_at, due_at) VALUES ('t', '{}', 0, 0)")
        raise ZeroDivisionError
    assert journal.open_submissions() == 0
    assert journal.accept("t", MAIL, grace_s=4)
