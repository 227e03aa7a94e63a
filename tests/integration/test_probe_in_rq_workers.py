"""The probe inside real RQ workers with a real Redis: every word that it can say, and every order that it obeys."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rq import Retry
from rq.command import send_stop_job_command
from rq_workers import Worker, monitored, redis_server, running, wait_until
from stormproof.brokers.redis.resp import request
from stormproof.brokers.redis.shape import name
from stormproof.frameworks.rq.meanings import RqReader

ENDS = {"succeeded", "failed", "retried", "revoked", "rejected"}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as (url, _):
        yield url


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Worker]:
    """One worker that all tests share that leave it alive."""
    with running(tmp_path_factory.mktemp("forking"), redis_url) as shared:
        yield shared


def test_a_worker_tells_its_capacity_its_name_and_where_its_jobs_are(tmp_path: Path, redis_url: str) -> None:
    elsewhere = redis_url.removesuffix("/0") + "/3"
    shop = {"RQ_KEY_PREFIX": "shop"}
    with running(tmp_path, elsewhere, "--name", "lisa", "--maintenance-interval", "20", environment=shop) as worker:
        [told] = worker.settings
        ready = worker.wait_for("", "ready")
        assert worker.words("") == ["ready", "consuming"]
    assert (told.component, told.pid, told.pool) == ("probed-worker", worker.process.pid, "fork")
    assert (told.processes, told.fewest, told.prefetch, told.slowest_s) == (1, 1, 1, 0.0)
    assert (told.transport, told.database, told.prefix) == ("redis", 3, "shop")
    assert (told.queues, told.serializer, told.visibility_s) == (
        (worker.queue.name,),
        "DefaultSerializer",
        30.0 + 60 + 20 + 405,
    )
    assert ready.detail == "lisa"


def test_a_success_is_told_with_its_value_key_and_processes(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.succeed", "storm-00ab-0001")
    end = worker.wait_for(task_id, *ENDS)
    assert worker.words(task_id) == ["received", "started", "succeeded"]
    received, started, _ = [event for event in worker.events if event.task_id == task_id]
    assert received.pid == received.parent == worker.process.pid
    assert started.pid == end.pid != worker.process.pid
    assert end.parent == worker.process.pid
    assert json.loads(end.value) == {"said": "storm-00ab-0001"}
    assert {event.key for event in (received, started, end)} == {"storm-00ab-0001"}
    assert {event.task for event in (received, started, end)} == {"rq_probed.succeed"}
    assert end.component == "probed-worker"


def test_a_failure_is_told_with_its_error(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.fail", "storm-00ab-0002")
    assert worker.wait_for(task_id, *ENDS).detail == "ValueError: no storm-00ab-0002"
    assert worker.words(task_id) == ["received", "started", "failed"]


def test_a_killed_work_horse_keeps_its_lines_and_the_main_process_tells_the_end(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.last", "storm-00ab-0003")
    os.kill(worker.wait_for(task_id, "started").pid, signal.SIGKILL)
    end = worker.wait_for(task_id, *ENDS)
    assert (end.word, end.pid, end.key) == ("failed", worker.process.pid, "storm-00ab-0003")
    assert end.detail.startswith("Work-horse terminated unexpectedly; waitpid returned 9")
    assert worker.words(task_id) == ["received", "started", "failed"]


def test_a_job_that_leaves_its_process_is_told_as_failed(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.leave", "storm-00ab-0004")
    assert "waitpid returned 768" in worker.wait_for(task_id, *ENDS).detail


def test_a_job_with_retries_left_is_told_as_retried_and_so_is_its_second_execution(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.fail_once", "storm-00ab-0005", retry=Retry(max=1))
    worker.wait_for(task_id, "succeeded")
    assert worker.words(task_id) == ["received", "started", "retried", "received", "started", "succeeded"]
    assert worker.wait_for(task_id, "retried").detail == "ValueError: again storm-00ab-0005"


def test_a_job_that_asks_to_be_tried_again_is_told_as_retried(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.ask_again", "storm-00ab-0006")
    worker.wait_for(task_id, "succeeded")
    assert worker.words(task_id) == ["received", "started", "retried", "received", "started", "succeeded"]


def test_a_job_that_is_stopped_is_told_as_revoked_by_the_main_process(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.last", "storm-00ab-0007")
    worker.wait_for(task_id, "started")
    send_stop_job_command(worker.redis, task_id)
    end = worker.wait_for(task_id, *ENDS)
    assert (end.word, end.pid) == ("revoked", worker.process.pid)


def test_a_timeout_is_told_as_failed(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.last", "storm-00ab-0008", job_timeout=1)
    assert worker.wait_for(task_id, *ENDS).detail.startswith("JobTimeoutException")


def test_a_function_that_nobody_wrote_is_unknown_and_failed_and_never_started(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.nobody_wrote_it", "storm-00ab-0009")
    end = worker.wait_for(task_id, *ENDS)
    assert worker.words(task_id) == ["received", "unknown", "failed"]
    assert (end.task, end.key) == ("rq_probed.nobody_wrote_it", "storm-00ab-0009")


def test_an_id_without_a_job_is_told_as_rejected(worker: Worker) -> None:
    worker.redis.rpush(worker.queue.key, "nobody-submitted-this")
    assert worker.wait_for("nobody-submitted-this", *ENDS).word == "rejected"


def test_a_result_that_cannot_be_stored_is_a_success_to_rq_and_has_no_value(worker: Worker) -> None:
    task_id = worker.publish("rq_probed.unserialisable", "storm-00ab-0010")
    end = worker.wait_for(task_id, *ENDS)
    assert (end.word, end.value) == ("succeeded", "")


def test_hold_lasts_until_released_and_then_runs_the_job(worker: Worker) -> None:
    release = worker.folder / "release-hold"
    worker.order({"key": "storm-00ab-0014", "do": "hold", "until": str(release)})
    held = worker.publish("rq_probed.find", "storm-00ab-0014", str(release))
    worker.wait_for(held, "started")
    release.touch()
    assert worker.wait_for(held, *ENDS).value == "true"


@pytest.mark.parametrize(
    ("do", "word", "detail"),
    [
        ("raise_unrebuildable", "failed", "UnrebuildableError: 7: made to fail by Stormproof"),
        ("return_unserialisable", "succeeded", ""),
        ("exit", "failed", "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9);"),
    ],
)
def test_other_orders_are_carried_out_instead_of_the_job(worker: Worker, do: str, word: str, detail: str) -> None:
    worker.order({"key": "storm-00ab-", "do": do})
    task_id = worker.publish("rq_probed.succeed", "storm-00ab-0015")
    end = worker.wait_for(task_id, *ENDS)
    worker.order()
    assert (end.word, end.detail, end.value) == (word, detail, "")


def test_the_job_of_the_harness_lasts_until_released_and_obeys_no_order(worker: Worker) -> None:
    release = worker.folder / "release-own"
    worker.order({"key": "", "do": "raise_unrebuildable"})
    own = {"key": "storm-00ab-0020", "release_path": str(release), "at_most_s": 60.0}
    task_id = worker.publish("stormproof_probe.hold", kwargs=own, result_ttl=0)
    started = worker.wait_for(task_id, "started")
    released_t = time.monotonic() - worker.t0
    release.touch()
    end = worker.wait_for(task_id, *ENDS)
    worker.order()
    assert end.t > released_t
    assert (started.key, started.task, end.word) == ("storm-00ab-0020", "stormproof.hold", "succeeded")
    assert not worker.redis.exists(f"rq:job:{task_id}")


@pytest.mark.parametrize("kind", ["SimpleWorker", "SpawnWorker"])
def test_other_kinds_of_workers_are_told_alike(tmp_path: Path, redis_url: str, kind: str) -> None:
    with running(tmp_path, redis_url, "--worker-class", f"rq.worker.{kind}") as worker:
        task_id = worker.publish("rq_probed.succeed", "storm-00ab-0022")
        end = worker.wait_for(task_id, *ENDS)
        assert worker.words(task_id) == ["received", "started", "succeeded"]
        assert (end.pid == worker.process.pid) == (kind == "SimpleWorker")
        assert end.parent == worker.process.pid
        assert worker.settings[0].pool == kind.removesuffix("Worker").lower()


def test_a_terminated_worker_tells_that_it_is_stopping_and_ends_its_job_first(tmp_path: Path, redis_url: str) -> None:
    with running(tmp_path, redis_url) as worker:
        worker.order({"key": "", "do": "hold", "until": str(tmp_path / "release")})
        task_id = worker.publish("rq_probed.succeed", "storm-00ab-0030")
        worker.wait_for(task_id, "started")
        worker.process.terminate()
        assert worker.wait_for("", "stopping").detail == "Warm"
        (tmp_path / "release").touch()
        worker.process.wait(20)
        assert worker.words(task_id) == ["received", "started", "succeeded"]


def test_a_worker_that_lost_its_connection_tells_that_it_asks_anew(tmp_path: Path) -> None:
    with redis_server(tmp_path) as (url, server), running(tmp_path, url) as worker:
        port = int(url.rpartition(":")[2].partition("/")[0])
        worker.wait_for("", "consuming")
        server.kill()
        server.wait()
        wait_until(lambda: "could not connect" in worker.log(), "the worker notes that Redis is gone")
        with redis_server(tmp_path, port):
            wait_until(lambda: worker.words("").count("consuming") == 2, "the worker asks again")
            task_id = worker.publish("rq_probed.succeed", "storm-00ab-0031")
            assert worker.wait_for(task_id, *ENDS).word == "succeeded"


def test_a_sitecustomize_of_the_system_is_run_as_well(tmp_path: Path, redis_url: str) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import os, sys\nopen(os.environ['OWN_FILE'], 'w').write(__name__)\n")
    folder = tmp_path / "worker"
    folder.mkdir()
    path = f"{folder}:{Path(__file__).parent / 'apps'}:{own}"
    with running(folder, redis_url, environment={"PYTHONPATH": path, "OWN_FILE": str(tmp_path / "said")}):
        assert (tmp_path / "said").read_text() == "sitecustomize"


def test_a_job_of_a_killed_worker_is_told_as_failed_by_the_worker_that_cleans_up(
    tmp_path: Path, redis_url: str
) -> None:
    with running(tmp_path, redis_url) as worker:
        task_id = worker.publish("rq_probed.last", "storm-00ab-0040")
        worker.wait_for(task_id, "started")
        worker.kill()
        [entry] = worker.redis.zrange(f"rq:wip:{worker.queue.name}", 0, -1)
        worker.redis.zadd(f"rq:wip:{worker.queue.name}", {entry: time.time() - 1})  # Its 90 s are over.
        cleaner = worker.start()
        end = worker.wait_for(task_id, *ENDS)
        assert (end.word, end.pid, end.key) == ("failed", cleaner.pid, "storm-00ab-0040")
        assert end.detail == "AbandonedJobError: its worker was gone"


def test_the_life_of_a_job_is_read_from_the_commands_of_its_three_connections(tmp_path: Path, redis_url: str) -> None:
    with running(tmp_path, redis_url) as worker, monitored(redis_url) as commands:
        task_id = worker.publish("rq_probed.fail_once", "storm-00ab-0041", retry=Retry(max=1))
        worker.wait_for(task_id, "succeeded")
        wait_until(lambda: [words[0] for _, words in commands].count("BLMOVE") == 2, "the worker asks for more")
        readers: dict[str, RqReader] = {}
        told: list[str] = []
        for connection, words in list(commands):
            reader, raw = readers.setdefault(connection, RqReader()), request(*words)
            command, key = name(raw)
            if command == "HGETALL":  # What brought it is no command.
                reader.reply("deliver", f"${len(task_id)}\r\n{task_id}\r\n".encode())
            said = reader.request(command, key, raw, (task_id,))
            if said != "other" and told[-1:] != [said]:
                told.append(said)
    assert told == [
        "publish", "deliver", "hold", "acknowledge", "requeue",
        "deliver", "hold", "store_result", "acknowledge", "deliver",
    ]  # fmt: skip
