"""The probe inside real workers with a real Redis: every word that it can say, and every order that it obeys."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from stormproof.brokers.redis.server import find_binary
from stormproof.frameworks.celery.framework import CeleryFramework
from stormproof.frameworks.journal import ProbeJournal
from stormproof.history import Probe, Settings

APPS = Path(__file__).parent / "apps"
OTHER_SETTINGS = {
    "worker_prefetch_multiplier": 3,
    "task_default_rate_limit": "2/m",
    "task_serializer": "pickle",
    "broker_transport_options": {
        "global_keyprefix": "shop.",
        "sep": ":",
        "priority_steps": [0, 4, 8],
        "unacked_key": "held",
        "visibility_timeout": 77,
    },
}
ENDS = {"succeeded", "failed", "retried", "ignored", "revoked", "rejected"}
PATIENCE_S = 20.0


def wait_until(happened: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := happened()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain: {what}"
        time.sleep(0.02)
    return found


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process of ours with its children, which share its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def redis_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [find_binary().path, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(lambda: answers(port), "redis answers")
        yield f"redis://127.0.0.1:{port}/0", server
    finally:
        stop(server)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as (url, _):
        yield url


class Worker:
    """A real worker with the probe, and what the test needs to talk to it."""

    def __init__(self, folder: Path, redis_url: str, *arguments: str, environment: dict[str, str]) -> None:
        CeleryFramework().probe(folder)
        self.folder = folder
        self.queue = folder.name
        self.events: list[Probe] = []
        self.settings: list[Settings] = []
        self.app = Celery(broker=redis_url, backend=redis_url, set_as_current=False)
        self._orders = folder / "orders.json"
        self._journal = ProbeJournal(folder / "journal", t0=time.monotonic())
        command = [sys.executable, "-m", "celery", "-A", "probed", "worker", "-I", "stormproof_probe", "-Q", self.queue]
        with (folder / "worker.log").open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO", *arguments],
                env=os.environ
                | environment
                | {
                    "TMPDIR": str(folder),  # A killed worker leaves its temporary files behind.
                    "PYTHONPATH": f"{folder}:{APPS}",
                    "PROBED_REDIS": redis_url,
                    "STORMPROOF_JOURNAL": str(folder / "journal"),
                    "STORMPROOF_COMPONENT": "probed-worker",
                    "STORMPROOF_ORDERS": str(self._orders),
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def publish(self, task: str, *args: Any, **options: Any) -> str:
        return str(self.app.send_task(task, args=args, queue=self.queue, **options).id)

    def order(self, *orders: dict[str, str]) -> None:
        """Replace the orders as the harness does: written aside, then renamed."""
        aside = self.folder / "orders.new"
        aside.write_text(json.dumps(orders))
        aside.rename(self._orders)

    def read(self) -> None:
        """Take what is new in the journal."""
        new = self._journal.read_new()
        self.events += [event for event in new if isinstance(event, Probe)]
        self.settings += [event for event in new if isinstance(event, Settings)]

    def words(self, task_id: str) -> list[str]:
        self.read()
        return [event.word for event in self.events if event.task_id == task_id]

    def wait_for(self, task_id: str, *words: str) -> Probe:
        """The first line of the task that says one of the words."""

        def find() -> Probe | None:
            self.read()
            return next((event for event in self.events if event.task_id == task_id and event.word in words), None)

        found: Probe = wait_until(find, f"{words} of {task_id}; log:\n{self.log()[-3000:]}")
        return found

    def log(self) -> str:
        return (self.folder / "worker.log").read_text()


@contextmanager
def running(
    folder: Path, redis_url: str, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[Worker]:
    worker = Worker(folder, redis_url, *arguments, environment=environment or {})
    try:
        worker.wait_for("", "ready")
        yield worker
    finally:
        stop(worker.process)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Worker]:
    """One prefork worker with two children, which all tests share that leave it alive."""
    with running(tmp_path_factory.mktemp("prefork"), redis_url, "-c", "2") as shared:
        yield shared


def test_a_worker_tells_its_capacity_and_where_its_messages_are(tmp_path: Path, redis_url: str) -> None:
    environment = {"PROBED_SETTINGS": json.dumps(OTHER_SETTINGS)}
    elsewhere = redis_url.removesuffix("/0") + "/3"
    with running(tmp_path, elsewhere, "--autoscale=5,2", environment=environment) as worker:
        [told] = worker.settings
    assert (told.component, told.pid, told.pool) == ("probed-worker", worker.process.pid, "prefork")
    assert (told.processes, told.fewest, told.prefetch, told.slowest_s) == (5, 2, 15, 30.0)
    assert (told.transport, told.database, told.prefix, told.separator) == ("redis", 3, "shop.", ":")
    assert (told.steps, told.unacked_key, told.visibility_s) == ((0, 4, 8), "held", 77.0)
    assert (told.queues, told.serializer) == ((worker.queue,), "pickle")


def test_a_success_is_told_with_its_value_key_processes_and_times(worker: Worker) -> None:
    before = time.monotonic()
    task_id = worker.publish("probed.succeed", "storm-00ab-0001")
    end = worker.wait_for(task_id, *ENDS)
    assert worker.words(task_id) == ["received", "started", "succeeded"]
    received, started, _ = [event for event in worker.events if event.task_id == task_id]
    assert received.pid == received.parent == worker.process.pid
    assert started.pid == end.pid != worker.process.pid
    assert end.parent == worker.process.pid
    assert json.loads(end.value) == {"said": "storm-00ab-0001"}
    assert {event.key for event in (received, started, end)} == {"storm-00ab-0001"}
    assert (end.component, end.task) == ("probed-worker", "probed.succeed")
    assert before <= received.t + worker._journal._t0 <= started.t + worker._journal._t0 <= time.monotonic()


def test_a_value_over_the_limit_is_left_out(worker: Worker) -> None:
    task_id = worker.publish("probed.succeed", "storm-00ab-0002", "x" * 5000)
    assert worker.wait_for(task_id, *ENDS).value == ""


def test_a_failure_is_told_with_its_error(worker: Worker) -> None:
    task_id = worker.publish("probed.fail", "storm-00ab-0003")
    assert worker.wait_for(task_id, *ENDS).detail == "ValueError: no storm-00ab-0003"
    assert worker.words(task_id) == ["received", "started", "failed"]


def test_a_result_that_cannot_be_serialised_is_a_failure_and_never_a_success(worker: Worker) -> None:
    task_id = worker.publish("probed.unserialisable", "storm-00ab-0004")
    assert worker.wait_for(task_id, *ENDS).detail.startswith("EncodeError: ")
    assert worker.words(task_id) == ["received", "started", "failed"]


def test_a_retry_is_told_and_so_is_the_second_execution(worker: Worker) -> None:
    task_id = worker.publish("probed.retry_once", "storm-00ab-0005")
    worker.wait_for(task_id, "succeeded")
    words = worker.words(task_id)
    assert sorted(words) == ["received", "received", "retried", "started", "started", "succeeded"]
    assert "again" in worker.wait_for(task_id, "retried").detail


def test_an_ignored_task_is_told_as_ignored(worker: Worker) -> None:
    task_id = worker.publish("probed.ignore", "storm-00ab-0006")
    assert worker.wait_for(task_id, *ENDS).key == "storm-00ab-0006"
    assert worker.words(task_id) == ["received", "started", "ignored"]


def test_a_rejected_task_is_told_as_rejected_where_it_ran(worker: Worker) -> None:
    task_id = worker.publish("probed.reject", "storm-00ab-0007")
    end = worker.wait_for(task_id, *ENDS)
    assert (end.word, end.detail) == ("rejected", "Reject: ('unwanted', False)")
    assert end.pid != end.parent


def test_a_task_revoked_before_it_ran_is_told_as_revoked(worker: Worker) -> None:
    task_id = worker.publish("probed.succeed", "storm-00ab-0008", expires=-5)
    revoked = worker.wait_for(task_id, *ENDS)
    assert (revoked.word, revoked.detail, revoked.key) == ("revoked", "expired", "storm-00ab-0008")


def test_a_running_task_that_is_terminated_is_told_as_revoked_by_the_main_process(worker: Worker) -> None:
    task_id = worker.publish("probed.last", "storm-00ab-0009")
    worker.wait_for(task_id, "started")
    worker.app.control.revoke(task_id, terminate=True, signal="SIGKILL")
    revoked = worker.wait_for(task_id, *ENDS)
    assert (revoked.word, revoked.detail, revoked.pid) == ("revoked", "terminated", worker.process.pid)


def test_an_unknown_task_is_told_as_unknown(worker: Worker) -> None:
    task_id = worker.publish("probed.nobody_wrote_it", "storm-00ab-0010")
    unknown = worker.wait_for(task_id, "unknown")
    assert (unknown.task, unknown.key) == ("probed.nobody_wrote_it", "storm-00ab-0010")


def test_a_message_that_is_no_task_is_told_as_rejected(worker: Worker) -> None:
    with worker.app.connection_for_write() as connection:
        connection.Producer().publish({"not": "a task"}, routing_key=worker.queue)
    assert worker.wait_for("", "rejected").pid == worker.process.pid


def test_a_hard_time_limit_is_told_as_failed_by_the_main_process(worker: Worker) -> None:
    task_id = worker.publish("probed.last", "storm-00ab-0011", time_limit=0.5)
    failed = worker.wait_for(task_id, *ENDS)
    assert (failed.word, failed.pid, failed.key) == ("failed", worker.process.pid, "storm-00ab-0011")
    assert failed.detail.startswith("TimeLimitExceeded")


def test_a_child_that_is_killed_keeps_its_lines_and_the_main_process_tells_the_end(worker: Worker) -> None:
    task_id = worker.publish("probed.last", "storm-00ab-0012")
    os.kill(worker.wait_for(task_id, "started").pid, signal.SIGKILL)
    failed = worker.wait_for(task_id, *ENDS)
    assert (failed.word, failed.pid) == ("failed", worker.process.pid)
    assert failed.detail.startswith("WorkerLostError")


def test_a_task_that_leaves_its_process_is_told_as_failed(worker: Worker) -> None:
    task_id = worker.publish("probed.leave", "storm-00ab-0013")
    assert worker.wait_for(task_id, *ENDS).detail == "SystemExit: 3"


def test_hold_lasts_until_released_and_then_runs_the_task(worker: Worker) -> None:
    release = worker.folder / "release-hold"
    worker.order({"key": "storm-00ab-0014", "do": "hold", "until": str(release)})
    held = worker.publish("probed.succeed", "storm-00ab-0014")
    worker.wait_for(held, "started")
    other = worker.publish("probed.succeed", "storm-00ab-0015")
    worker.wait_for(other, "succeeded")
    assert worker.words(held) == ["received", "started"]
    release.touch()
    assert json.loads(worker.wait_for(held, *ENDS).value) == {"said": "storm-00ab-0014"}


def test_a_soft_time_limit_strikes_a_held_task(worker: Worker) -> None:
    worker.order({"key": "storm-00ab-0016", "do": "hold", "until": str(worker.folder / "never")})
    task_id = worker.publish("probed.last_softly", "storm-00ab-0016")
    assert worker.wait_for(task_id, *ENDS).detail.startswith("SoftTimeLimitExceeded")


def test_an_ordered_unserialisable_result_fails_the_task(worker: Worker) -> None:
    worker.order({"key": "storm-00ab-", "do": "return_unserialisable"})
    task_id = worker.publish("probed.succeed", "storm-00ab-0017")
    assert worker.wait_for(task_id, *ENDS).detail.startswith("EncodeError: ")


def test_an_ordered_exception_is_raised_inside_the_retry_loop_of_the_task(worker: Worker) -> None:
    worker.order({"key": "", "do": "raise_unrebuildable"})
    task_id = worker.publish("probed.careful", "storm-00ab-0018")
    assert "made to fail" in worker.wait_for(task_id, "failed").detail
    words = worker.words(task_id)
    assert sorted(words) == ["failed", "received", "received", "retried", "started", "started"]


def test_an_ordered_exit_kills_the_process_that_runs_the_task(worker: Worker) -> None:
    worker.order({"key": "storm-00ab-0019", "do": "exit"})
    task_id = worker.publish("probed.succeed", "storm-00ab-0019")
    assert worker.wait_for(task_id, *ENDS).detail.startswith("WorkerLostError")
    worker.order()
    again = worker.publish("probed.succeed", "storm-00ab-0019")
    assert worker.wait_for(again, *ENDS).word == "succeeded"


@pytest.mark.parametrize("task", ["stormproof.hold_early", "stormproof.hold_late"])
def test_the_tasks_of_the_harness_last_until_released_and_obey_no_order(worker: Worker, task: str) -> None:
    release = worker.folder / f"release-{task}"
    worker.order({"key": "", "do": "raise_unrebuildable"})
    task_id = worker.publish(task, "storm-00ab-0020", str(release), 60.0)
    started = worker.wait_for(task_id, "started")
    release.touch()
    end = worker.wait_for(task_id, *ENDS)
    worker.order()
    assert (started.key, started.task, end.word) == ("storm-00ab-0020", task, "succeeded")


def test_a_task_of_the_harness_ends_by_itself_after_its_longest_time(worker: Worker) -> None:
    task_id = worker.publish("stormproof.hold_late", "storm-00ab-0021", str(worker.folder / "never"), 0.3)
    started, end = worker.wait_for(task_id, "started"), worker.wait_for(task_id, "succeeded")
    assert 0.3 <= end.t - started.t < 2.0


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_other_pools_are_told_and_ordered_alike_and_a_killed_worker_keeps_its_lines(
    tmp_path: Path, redis_url: str, pool: str
) -> None:
    with running(tmp_path, redis_url, "-P", pool, "-c", "1") as worker:
        done = worker.publish("probed.careful", "storm-00ab-0022")
        assert worker.wait_for(done, *ENDS).pid == worker.process.pid
        worker.order({"key": "storm-00ab-0023", "do": "hold", "until": str(tmp_path / "never")})
        held = worker.publish("probed.careful", "storm-00ab-0023")
        worker.wait_for(held, "started")
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
        assert worker.words(done) == ["received", "started", "succeeded"]
        assert worker.words(held) == ["received", "started"]


def test_a_terminated_worker_tells_that_it_is_stopping_and_early_and_late_tasks_are_acknowledged_as_named(
    tmp_path: Path, redis_url: str
) -> None:
    with running(tmp_path, redis_url, "-c", "2", "-O", "fair") as worker:
        for number, task in enumerate(["stormproof.hold_early", "stormproof.hold_late"]):
            task_id = worker.publish(task, f"storm-00ab-003{number}", str(tmp_path / "release"), 60.0)
            worker.wait_for(task_id, "started")
        with worker.app.connection_for_read() as connection:
            redis = connection.default_channel.client
            wait_until(lambda: b"hold_early" not in b"".join(redis.hvals("unacked")), "the early task is acknowledged")
            assert b"hold_late" in b"".join(redis.hvals("unacked"))
        worker.process.terminate()
        assert worker.wait_for("", "stopping").detail == "Warm"
        (tmp_path / "release").touch()
        assert worker.process.wait(PATIENCE_S) == 0


def test_a_result_that_redis_could_not_take_is_a_failure_and_never_a_success(tmp_path: Path) -> None:
    with redis_server(tmp_path) as (url, server), running(tmp_path, url, "-c", "1") as worker:
        worker.order({"key": "", "do": "hold", "until": str(tmp_path / "release")})
        task_id = worker.publish("probed.succeed", "storm-00ab-0040")
        child = worker.wait_for(task_id, "started").pid
        stop(server)
        (tmp_path / "release").touch()
        end = worker.wait_for(task_id, *ENDS)
        assert (end.word, end.pid) == ("failed", child)
        assert "Connection" in end.detail
        assert "succeeded" not in worker.words(task_id)
