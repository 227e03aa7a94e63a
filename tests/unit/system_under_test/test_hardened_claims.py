"""One delivery of a task works on it; the others stand back or take over."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hardened import claims
from hardened.claims import Claim, ClaimLostError, Finished, Forgotten, GaveUpError, Held, claim
from hardened.journal import Due, Journal
from hardened.process_identity import is_gone, own_name

MAIL = {"recipient": "a@example.org", "content": "hello"}
ELSEWHERE = "another-host:1:1"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "journal.sqlite3", clock=lambda: journal_now[0])
    journal_now[0] = 1000.0
    return journal


journal_now = [1000.0]


def claimed(journal: Journal, max_deliveries: int = 3) -> Claim:
    got = claim(journal, "t", MAIL, lease_s=10, max_deliveries=max_deliveries)
    assert isinstance(got, Claim), got
    return got


def row(journal: Journal, column: str) -> object:
    return journal.connection.execute(f"SELECT {column} FROM submissions WHERE task_id = 't'").fetchone()[0]


def held_by(holder: str, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Claim:
    with monkeypatch.context() as patch:
        patch.setattr(claims, "own_name", lambda: holder)
        return claimed(journal)


def dead_process() -> str:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stat = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    name = own_name().replace(f":{os.getpid()}:", f":{child.pid}:").rsplit(":", 1)[0] + f":{stat[19]}"
    assert not is_gone(name)
    assert child.stdin is not None
    child.stdin.close()
    # Dead, but not reaped: a worker's children are zombies until it looks after them.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(name)
    child.wait()
    assert is_gone(name)
    return name


def test_a_message_that_the_api_could_not_see_through_is_written_down_by_the_claim(journal: Journal) -> None:
    claimed(journal)
    assert journal.open_submissions() == 1 and row(journal, "state") == "STARTED"


def test_a_message_that_is_older_than_outcomes_are_kept_begins_nothing(journal: Journal) -> None:
    assert claim(journal, "t", MAIL, lease_s=10, max_deliveries=3, stale=True) == Forgotten()
    assert journal.find("t") is None
    journal.accept("t", MAIL, grace_s=1)
    assert isinstance(claim(journal, "t", MAIL, lease_s=10, max_deliveries=3, stale=True), Claim), "it is still open"


def test_a_claim_of_a_live_holder_stands(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    held_by(ELSEWHERE, journal, monkeypatch)
    assert claim(journal, "t", MAIL, lease_s=10, max_deliveries=3) == Held(ELSEWHERE)


def test_a_claim_whose_lease_is_over_is_taken_over_and_counted(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_by(ELSEWHERE, journal, monkeypatch)
    journal_now[0] += 10
    claimed(journal)
    assert row(journal, "lost_deliveries") == 1 and row(journal, "uncertain") == 0


def test_a_claim_of_a_dead_process_of_this_host_is_taken_over_at_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_by(dead_process(), journal, monkeypatch)
    claimed(journal)
    assert row(journal, "lost_deliveries") == 1


def test_a_pid_that_was_given_to_another_process_is_not_the_holder() -> None:
    host, pid, start = own_name().rsplit(":", 2)
    assert not is_gone(f"{host}:{pid}:{start}")
    assert is_gone(f"{host}:{pid}:{int(start) - 1}")


def test_what_may_have_been_sent_is_not_sent_again_and_says_so(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_by(ELSEWHERE, journal, monkeypatch).before_sending(needs_s=1)
    journal_now[0] += 10
    with pytest.raises(GaveUpError):
        claim(journal, "t", MAIL, lease_s=10, max_deliveries=3)
    found = journal.find("t")
    assert found is not None and found.state == "FAILURE"
    said = "its worker died as it handed the e-mail over: the e-mail may have been sent, and is not sent again"
    assert found.error == ("GaveUpError", said)
    assert row(journal, "uncertain") == 1 and row(journal, "sending") == 0


def test_only_who_has_passed_the_fence_may_have_sent(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = held_by(ELSEWHERE, journal, monkeypatch)
    assert not mine.may_have_sent()
    mine.before_sending(needs_s=1)
    assert mine.may_have_sent()
    mine.release("Error", "later", 1)
    assert not mine.may_have_sent()


def test_after_enough_deaths_the_task_is_given_up_and_says_so(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        held_by(ELSEWHERE, journal, monkeypatch)
        journal_now[0] += 10
    with pytest.raises(GaveUpError):
        claim(journal, "t", MAIL, lease_s=10, max_deliveries=3)
    found = journal.find("t")
    assert found is not None and found.state == "FAILURE"
    assert found.error == ("GaveUpError", "3 deliveries ended with the death of their worker")


def test_the_fence_holds_back_whoever_has_lost_the_lease(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    late = held_by(ELSEWHERE, journal, monkeypatch)
    journal_now[0] += 10
    claimed(journal)
    with pytest.raises(ClaimLostError):
        late.before_sending(needs_s=1)


def test_the_fence_holds_back_whoever_has_too_little_time_left(journal: Journal) -> None:
    mine = claimed(journal)
    journal_now[0] += 8
    with pytest.raises(ClaimLostError):
        mine.before_sending(needs_s=2)


def test_a_finished_task_is_never_claimed_again(journal: Journal) -> None:
    claimed(journal).succeed({"status": "sent"})
    assert claim(journal, "t", MAIL, lease_s=10, max_deliveries=3) == Finished(True, {"status": "sent"})


def test_the_first_outcome_stays(journal: Journal) -> None:
    mine = claimed(journal)
    mine.succeed("first")
    mine.fail("Error", "late")
    mine.release("Error", "later", 1)
    mine.succeed("second")
    found = journal.find("t")
    assert found is not None and (found.state, found.result, found.error) == ("SUCCESS", "first", None)


def test_a_late_failure_does_not_end_a_task_that_another_holds(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = held_by(ELSEWHERE, journal, monkeypatch)
    journal_now[0] += 10
    claimed(journal)
    late.fail("Error", "late")
    late.release("Error", "late", 1)
    assert row(journal, "state") == "STARTED"


def test_a_retry_is_due_when_planned(journal: Journal) -> None:
    mine = claimed(journal)
    mine.before_sending(needs_s=1)
    mine.release("MailDeferredError", "451 later", after_s=3)
    assert row(journal, "state") == "RETRY" and row(journal, "uncertain") == 0
    assert journal.due(10, queued_since_s=1000) == []
    journal_now[0] += 3
    assert journal.due(10, queued_since_s=1000) == [Due("t", MAIL)], "no message of it is in any queue"
    assert claimed(journal).attempts == 1
    assert row(journal, "lost_deliveries") == 0


def test_a_held_task_is_not_due_before_its_holder_is_gone(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.accept("t", MAIL, grace_s=1)
    held_by(ELSEWHERE, journal, monkeypatch)
    journal_now[0] += 9
    assert journal.due(10) == []
    journal_now[0] += 1
    assert journal.due(10) == [Due("t", MAIL)]
