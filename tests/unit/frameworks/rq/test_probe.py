"""The probe without a worker: what it makes of RQ's jobs, and what it does without its environment. The rest is in `integration`."""

from __future__ import annotations

import pickle
import types
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Retry
from rq.job import Job, JobStatus
from stormproof import history
from stormproof.frameworks.journal import ProbeJournal
from stormproof.frameworks.rq import probe


def job(**known: Any) -> Any:
    default = {
        "id": "a",
        "description": "shop.ship('storm-00ab-0001', 3)",
        "_status": JobStatus.STARTED,
        "_result": None,
    }
    return types.SimpleNamespace(**{**default, **known})


def events(path: Path) -> list[history.Probe]:
    return [event for event in ProbeJournal(path, 0.0).read_new() if isinstance(event, history.Probe)]


def test_nothing_is_installed_without_its_environment() -> None:
    import sys

    before = list(sys.meta_path)
    probe.install({})
    assert sys.meta_path == before


def test_a_job_is_named_and_its_key_is_found_without_unpickling_it(connection: Redis) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("unpickled in the main process",))

    stored = Job.create("shop.ship", connection=connection, description="shop.ship(...)")
    stored.data = pickle.dumps(("shop.ship", None, ("storm-00ab-0002@example.org", Trap()), {}))
    assert (probe._name_of(stored), probe._key_of(stored)) == ("shop.ship", "storm-00ab-0002")


def test_a_key_that_a_serializer_hides_is_found_in_the_description() -> None:
    assert probe._key_of(job(_data=b"\x00\x01")) == "storm-00ab-0001"


def test_a_job_of_the_harness_has_a_name_that_no_promise_covers() -> None:
    assert probe._name_of(job(description="stormproof_probe.hold(key='storm-00ab-0001')")) == "stormproof.hold"


@pytest.mark.parametrize(
    ("status", "result", "done", "word"),
    [
        (JobStatus.FINISHED, 4, True, "succeeded"),
        (JobStatus.QUEUED, 4, True, "succeeded"),  # It repeats itself.
        (JobStatus.FAILED, None, False, "failed"),
        (JobStatus.QUEUED, None, False, "retried"),
        (JobStatus.SCHEDULED, None, False, "retried"),
        (JobStatus.SCHEDULED, Retry(max=1, interval=5), True, "retried"),
        (JobStatus.FAILED, Retry(max=1), True, "failed"),
        (JobStatus.STOPPED, None, False, "revoked"),
    ],
)
def test_the_end_of_a_job_has_the_word_of_its_state(status: JobStatus, result: Any, done: bool, word: str) -> None:
    assert probe._word(job(_status=status, _result=result), done=done) == word


def test_a_worker_whose_settings_cannot_be_told_is_ready_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = probe.Recorder(str(tmp_path / "journal"), "worker", "")
    recorder.begin(types.SimpleNamespace(name="lisa"))
    recorder.asks()
    recorder.asks()
    assert [(event.word, event.detail) for event in events(tmp_path / "journal")] == [
        ("ready", "lisa"),
        ("consuming", ""),
    ]
    assert "cannot tell the worker's settings" in capsys.readouterr().err


def test_a_worker_asks_anew_after_a_lost_connection_and_not_after_an_idle_time(tmp_path: Path) -> None:
    recorder = probe.Recorder(str(tmp_path / "journal"), "worker", "")
    recorder.begin(types.SimpleNamespace(name="lisa"))
    for error in (TimeoutError(), LookupError("nothing came"), ConnectionResetError()):
        recorder.asks()
        recorder.asked_in_vain(error)
    recorder.asks()
    words = [event.word for event in events(tmp_path / "journal")]
    assert words == ["ready", "consuming", "consuming", "consuming"]


def test_what_comes_and_cannot_be_read_is_rejected(tmp_path: Path) -> None:
    recorder = probe.Recorder(str(tmp_path / "journal"), "worker", "")
    recorder.begin(types.SimpleNamespace(name="lisa"))
    error = ValueError("'nonsense' is not a valid JobStatus")
    error.job_id = "a"  # type: ignore[attr-defined]  # as RQ does it
    recorder.asked_in_vain(error)
    [told] = events(tmp_path / "journal")
    assert (told.word, told.task_id, told.detail) == (
        "rejected",
        "a",
        "ValueError: 'nonsense' is not a valid JobStatus",
    )


def test_jobs_that_maintenance_moves_are_told_when_that_is_done_and_others_are_not(tmp_path: Path) -> None:
    recorder = probe.Recorder(str(tmp_path / "journal"), "worker", "")
    recorder.begin(types.SimpleNamespace(name="lisa"))

    def cleanup(fails: bool) -> None:
        recorder.moves("failed", job())
        if fails:
            raise ConnectionError

    recorder.moves("failed", job(id="own"))
    with pytest.raises(ConnectionError):
        recorder.cleans(cleanup, True)
    assert events(tmp_path / "journal") == []
    recorder.cleans(cleanup, False)
    [told] = events(tmp_path / "journal")
    assert (told.word, told.task_id, told.detail) == ("failed", "a", "AbandonedJobError: its worker was gone")


def test_a_process_that_is_no_worker_writes_nothing_and_runs_jobs_as_they_are(tmp_path: Path) -> None:
    recorder = probe.Recorder(str(tmp_path / "journal"), "worker", "")
    recorder.received(job())
    assert recorder.performs(lambda each: each.id, job()) == "a"
    assert not (tmp_path / "journal").exists()
