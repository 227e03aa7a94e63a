"""What becomes of an execution: recorded, tried again, or given up."""

from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import Ignore, Reject, Retry, SoftTimeLimitExceeded
from hardened.digest import digest_of
from hardened.journal import Journal, Submission
from hardened.mailer import MailDeferredError, MailRefusedError
from hardened.once import OnceTask, TaskFailedError, backoff_s
from hardened.settings import Settings


class Scripted(OnceTask):
    """Returns or raises what the test puts there."""

    name = "scripted"
    outcome: Any = None
    passes_the_fence = False
    runs = 0

    def run(self, **_: Any) -> Any:
        self.runs += 1
        if self.passes_the_fence:
            self.claim.before_sending(needs_s=1)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


class UnrebuildableError(Exception):
    """Cannot be built again from its arguments, nor be told."""

    def __init__(self, *, code: int) -> None:
        super().__init__()
        self.code = code

    def __str__(self) -> str:
        raise RuntimeError("broken")


@pytest.fixture
def task(tmp_path: Path) -> Scripted:
    settings = Settings(_env_file=None, max_attempts=3)  # type: ignore[call-arg]
    app = Celery("test", broker="memory://", backend="cache+memory://")
    task = Scripted(settings, Journal(tmp_path / "journal"), jitter=lambda: 0.0)
    app.register_task(task)
    return task


ARGUMENTS = {"recipient": "a@example.org", "content": "x"}


def deliver(
    task: Scripted,
    *args: Any,
    digest: str | None = digest_of("t", ARGUMENTS),
    sent_at: float | None = None,
    **other: Any,
) -> Any:
    task.push_request(id="t", args=args, kwargs={}, digest=digest, sent_at=sent_at)
    try:
        return task(*args, **{**ARGUMENTS, **other})
    finally:
        task.pop_request()


def found(task: Scripted) -> Submission:
    submission = task.journal.find("t")
    assert submission is not None
    return submission


def test_arguments_that_were_not_sent_are_rejected_before_anything_happens(task: Scripted) -> None:
    for deliver_wrongly in (
        lambda: deliver(task, content="y"),
        lambda: deliver(task, "y"),
        lambda: deliver(task, digest=None),
        lambda: deliver(task, digest=digest_of("another", ARGUMENTS)),
    ):
        with pytest.raises(Reject):
            deliver_wrongly()
    assert task.runs == 0 and task.journal.find("t") is None


def test_a_message_from_before_all_memory_begins_nothing(task: Scripted) -> None:
    now = task.journal.clock()
    with pytest.raises(Ignore):
        deliver(task, sent_at=now - task.settings.keep_outcomes_s)
    assert task.runs == 0 and task.journal.find("t") is None
    deliver(task, sent_at=now - task.settings.keep_outcomes_s / 3)
    assert task.runs == 1


def test_a_result_is_recorded_and_a_second_delivery_returns_it_without_running(task: Scripted) -> None:
    task.outcome = {"status": "sent"}
    assert deliver(task) == deliver(task) == {"status": "sent"}
    assert task.runs == 1 and found(task).state == "SUCCESS"


def test_celery_has_its_own_copy_of_the_outcome(task: Scripted) -> None:
    task.outcome = {"status": "sent"}
    deliver(task)
    assert task.AsyncResult("t").state == "SUCCESS"


def test_a_result_backend_that_is_down_changes_nothing(task: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_: Any) -> None:
        raise ConnectionError("result backend")

    monkeypatch.setattr(task, "update_state", down)
    task.outcome = {"status": "sent"}
    assert deliver(task) == {"status": "sent"}
    assert found(task).state == "SUCCESS"


@pytest.mark.parametrize("error", [MailDeferredError("451 later", True), SoftTimeLimitExceeded()])
def test_a_transient_error_is_tried_again_until_there_were_attempts_enough(task: Scripted, error: Exception) -> None:
    task.outcome = error
    for _ in range(2):
        with pytest.raises(Retry):
            deliver(task)
        assert found(task).state == "RETRY"
    with pytest.raises(TaskFailedError):
        deliver(task)
    assert found(task).state == "FAILURE"
    with pytest.raises(Ignore):
        deliver(task)
    assert task.runs == 3


@pytest.mark.parametrize("error", [MailDeferredError("no answer", False), SoftTimeLimitExceeded()])
def test_what_may_have_been_sent_is_not_tried_again(task: Scripted, error: Exception) -> None:
    task.outcome, task.passes_the_fence = error, True
    with pytest.raises(TaskFailedError, match="GaveUpError"):
        deliver(task)
    state, told = found(task).state, found(task).error
    assert state == "FAILURE" and told is not None and told[1].endswith("may have been sent, and is not sent again")
    with pytest.raises(Ignore):
        deliver(task)
    assert task.runs == 1


def test_a_certain_no_is_tried_again_also_behind_the_fence(task: Scripted) -> None:
    task.outcome, task.passes_the_fence = MailDeferredError("451 later", True), True
    with pytest.raises(Retry):
        deliver(task)
    assert found(task).state == "RETRY"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MailRefusedError("550 never"), ("MailRefusedError", "550 never")),
        (KeyError("bug"), ("KeyError", "'bug'")),
        (UnrebuildableError(code=7), ("UnrebuildableError", "")),
        (ValueError("\ud800"), ("ValueError", "\\ud800")),
        (MemoryError(), ("MemoryError", "")),
        (GeneratorExit("x"), ("GeneratorExit", "x")),
    ],
)
def test_any_other_error_is_a_readable_failure_at_once(
    task: Scripted, error: BaseException, told: tuple[str, str]
) -> None:
    """And Celery is told of nothing but its words."""
    task.outcome = error
    with pytest.raises(TaskFailedError) as raised:
        deliver(task)
    assert (found(task).state, found(task).error, raised.value.args) == ("FAILURE", told, told)


@pytest.mark.parametrize("result", [object(), float("nan"), "\ud800", {1: "a", "1": "b"}])
def test_a_result_that_is_no_json_is_a_readable_failure(task: Scripted, result: Any) -> None:
    task.outcome = result
    with pytest.raises(TaskFailedError):
        deliver(task)
    assert found(task).state == "FAILURE"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_a_process_that_is_told_to_end_gives_its_task_back_and_ends(task: Scripted, error: BaseException) -> None:
    """Also where there were attempts enough."""
    task.outcome = error
    for state in ("RETRY", "RETRY", "FAILURE"):
        with pytest.raises(type(error)):
            deliver(task)
        assert found(task).state == state


def test_a_process_that_is_told_to_end_behind_the_fence_does_not_have_it_sent_again(task: Scripted) -> None:
    task.outcome, task.passes_the_fence = SystemExit(3), True
    with pytest.raises(SystemExit):
        deliver(task)
    told = found(task).error
    assert found(task).state == "FAILURE" and told is not None and told[0] == "GaveUpError"


def test_the_wait_doubles_up_to_the_cap_and_is_spread() -> None:
    assert [backoff_s(n, 2, 10, jitter=1) for n in (1, 2, 3, 4)] == [2, 4, 8, 10]
    assert backoff_s(3, 2, 10, jitter=0) == 4
