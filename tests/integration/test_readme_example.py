"""README's description, pasted as it stands beside an application as its comments say, runs and gets a verdict; mistakes in it are told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "README.md").read_text().partition("## Point it at your own system")[2].partition("\n## ")[0]

WORKER = """
import os
import time

from celery import Celery

app = Celery("shop")
app.conf.result_backend = os.environ["CELERY_RESULT_BACKEND"]


@app.task(name="shop.order", acks_late={late})
def order(customer):
    time.sleep(0.3)
    return f"shipped to {{customer}}"
"""
API = """
from celery.result import AsyncResult
from fastapi import FastAPI
from pydantic import BaseModel
from shop.worker import app as celery
from shop.worker import order

app = FastAPI()


class Order(BaseModel):
    customer: str


@app.get("/health")
def health():
    return {"up": True}


@app.post("/orders")
def place(body: Order):
    return {"task_id": order.delay(body.customer).id}


@app.get("/tasks/{task_id}")
def read(task_id: str):
    found = AsyncResult(task_id, app=celery)
    return {"status": found.status, "result": found.result if found.successful() else None}
"""


def fenced(language: str) -> str:
    """The section's block in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return str(found)


def shop(folder: Path, *changes: tuple[str, str], late: bool = True) -> None:
    """The application and the description of README, the latter with changes."""
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "api.py").write_text(API)
    (folder / "shop" / "worker.py").write_text(WORKER.format(late=late))
    (folder / "chaos").symlink_to(ROOT / "chaos")
    text = fenced("toml")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "stormproof.toml").write_text(text)


def stormproof(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stormproof", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def left_running(folder: Path) -> list[int]:
    """Processes that live in a test's folder."""
    return [process.pid for process in psutil.process_iter(["cwd"]) if str(process.info["cwd"]).startswith(str(folder))]


@pytest.mark.parametrize(("late", "code", "word"), [(False, 1, "invalid"), (True, 0, "valid")])
def test_the_pasted_example_runs_and_its_verdict_is_right(tmp_path: Path, late: bool, code: int, word: str) -> None:
    """A worker that is killed loses what it has acknowledged early, and nothing that it acknowledges late."""
    shop(tmp_path, late=late)
    program, *words = fenced("sh").split()
    assert program == ".venv/bin/stormproof"
    run = stormproof(tmp_path, *words)
    assert (run.returncode, run.stderr) == (code, ""), run.stdout
    assert "worker_killed on shop" in run.stdout and word in run.stdout
    assert "note:" not in run.stdout


CALM = ("run", "chaos/calm.py")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('path = "/tasks/{task_id}"', 'path = "/task/{task_id}"'),
            "status.path: GET /task/{task_id} was answered with HTTP 404",
        ),
        (
            ('path = "/tasks/{task_id}"', 'path = "/tasks/{task_id}"\nstate = "state"'),
            "status.state: the answer has no 'state'; it has: status, result; did you mean 'status'?",
        ),
        (
            ('path = "/tasks/{task_id}"', 'path = "/tasks/{task_id}"\nresult = "value"'),
            "status.result: the answer has no 'value'; it has: status, result",
        ),
        (
            ('path = "/orders"', 'path = "/orders"\ntask_id = "id"'),
            "submit.task_id: the answer has no 'id'; it has: task_id; did you mean 'task_id'?",
        ),
        (('path = "/orders"', 'path = "/order"'), "submit.path: POST /order was answered with HTTP 404"),
        (("{ customer =", "{ client ="), "submit: POST /orders was answered with HTTP 422"),
        (
            ('path = "/tasks/{task_id}"', 'path = "/tasks/{task_id}"\nsuccess = ["DONE"]'),
            "the task has ended, and its state stays 'SUCCESS', which no list has (success: DONE; ",
        ),
    ],
)
def test_a_mistake_in_the_description_is_one_line_and_no_finding(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    shop(tmp_path, change)
    run = stormproof(tmp_path, *CALM)
    assert run.returncode == 254, run.stdout
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("stormproof: the description of shop does not fit its answers: ")
    assert said in run.stderr
    assert left_running(tmp_path) == []


def test_a_queue_that_no_worker_reads_is_named_where_the_first_task_does_not_end(tmp_path: Path) -> None:
    shop(tmp_path, ('"shop.worker", "worker"]', '"shop.worker", "worker", "--queues=bulk"]'))
    run = stormproof(tmp_path, *CALM)
    assert run.returncode == 255, run.stdout
    assert run.stderr == (
        "stormproof: the system did not end a task within 20 s before the storm: a message waits in the list 'celery' in database 0 of "
        "redis.broker, which no worker reads; have a worker read that queue, or publish to one that it reads\n"
    )


def test_what_does_not_apply_is_skipped_and_counted_and_the_rest_runs(tmp_path: Path) -> None:
    shop(tmp_path)
    run = stormproof(tmp_path, *CALM, "chaos/results_down.py", "--junit", "junit.xml", "--summary", "page.md")
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    reason = "results_down does not apply to shop: it has no server 'redis.results'; it has: redis, redis.broker"
    assert f"skipped: {reason}\n" in run.stdout
    assert "1 of 2 scenarios skipped" in run.stdout.splitlines()[-1]
    assert "<skipped message=" in (tmp_path / "junit.xml").read_text()
    assert reason in (tmp_path / "page.md").read_text()


def test_where_nothing_applies_the_command_says_so_and_starts_nothing(tmp_path: Path) -> None:
    shop(tmp_path)
    run = stormproof(tmp_path, "run", "chaos/results_down.py")
    assert (run.returncode, run.stdout) == (254, "")
    assert run.stderr.startswith("stormproof: results_down does not apply to shop: it has no server 'redis.results'")
    assert not (tmp_path / "runs").exists()


def test_a_task_that_takes_only_a_number_is_driven_and_what_is_weaker_is_said(tmp_path: Path) -> None:
    shop(tmp_path, ('customer = "{key}"', 'customer = "{number}"'))
    api = tmp_path / "shop" / "api.py"
    api.write_text(api.read_text().replace("customer: str", "customer: int"))
    run = stormproof(tmp_path, *CALM)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    (said,) = [line for line in run.stdout.splitlines() if line.startswith("note: ")]
    assert "no {key} stands in submit.path, .json or .headers, so tasks are known by their ids alone" in said


def test_a_key_that_never_reaches_the_task_is_said_and_is_no_finding(tmp_path: Path) -> None:
    shop(tmp_path)
    api = tmp_path / "shop" / "api.py"
    api.write_text(api.read_text().replace("delay(body.customer)", "delay(len(body.customer))"))
    run = stormproof(tmp_path, *CALM)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    (said,) = [line for line in run.stdout.splitlines() if line.startswith("note: ")]
    assert "no task was given the submission's key" in said


LOGIN = """
[redis.broker.config]
requirepass = "se/cret"
user = ["app on >hidden ~* &* +@all"]
"""


def test_a_system_behind_passwords_and_an_access_list_runs(tmp_path: Path) -> None:
    address = "redis://app:hidden@{redis.broker.host}:{redis.broker.port}/1"
    shop(tmp_path, ("[redis.broker]\n", LOGIN), ("{redis.broker.url}/1", address))
    run = stormproof(tmp_path, "run", "chaos/calm.py", "chaos/worker_killed.py")
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
